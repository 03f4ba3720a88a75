"""Registries of every kind of protection, and the service in front of them."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fixtures.docker_registry import PASSWORD, USERNAME, LocalRegistry, docker_registry
from tests.fixtures.images.catalogue import build_tiny
from tests.fixtures.images.push import Pusher
from tests.fixtures.registry import TokenServer, token_registry, token_server
from tests.fixtures.registry_service import RegistryProcess, registry_service

TINY = ("tiny:one", "tiny:two", "tiny:multi")


@dataclass(frozen=True)
class Protected:
    """A registry that wants tokens, and the server that gives them."""

    registry: LocalRegistry
    tokens: TokenServer


@pytest.fixture(scope="module")
def open_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalRegistry]:
    with docker_registry(tmp_path_factory.mktemp("open")) as running:
        running.pusher().push_all(build_tiny(), list(TINY))
        yield running


@pytest.fixture(scope="module")
def basic_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalRegistry]:
    with docker_registry(tmp_path_factory.mktemp("basic"), basic_auth=True) as running:
        running.pusher().push_all(build_tiny(), list(TINY))
        yield running


@pytest.fixture(scope="module")
def protected(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Protected]:
    with token_server() as tokens, token_registry(tmp_path_factory.mktemp("token"), tokens) as running:
        bearer = f"Bearer {tokens.token('repository:tiny:pull,push')}"
        Pusher(running.address, bearer).push_all(build_tiny(), list(TINY))
        yield Protected(running, tokens)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RegistryProcess]:
    with registry_service(tmp_path_factory.mktemp("service")) as running:
        yield running


@pytest.fixture
def fresh_service(tmp_path: Path) -> Iterator[RegistryProcess]:
    with registry_service(tmp_path / "service") as running:
        yield running


def write_docker_config(folder: Path, address: str) -> Path:
    """A config.json that holds the password for one registry."""
    auth = base64.b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode()
    path = folder / "config.json"
    path.write_text(json.dumps({"auths": {address: {"auth": auth}}}))
    return path
