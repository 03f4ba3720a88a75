"""Registries that ask who comes: basic and token authentication, with the credentials docker's users have."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.docker_registry import PASSWORD, USERNAME, LocalRegistry, docker_registry
from tests.fixtures.images.catalogue import build_tiny
from tests.fixtures.images.push import Pusher
from tests.fixtures.registry import token_registry, token_server
from tests.fixtures.suite import Suite

IMAGE = "tiny:multi"


@pytest.fixture(scope="module")
def basic(short_folder: Path) -> Iterator[LocalRegistry]:
    """A registry with user and password."""
    with docker_registry(short_folder / "basic", basic_auth=True) as running:
        running.pusher().push_all(build_tiny(), [IMAGE])
        yield running


@pytest.fixture(scope="module")
def tokens(short_folder: Path) -> Iterator[LocalRegistry]:
    """A registry that sends clients to a token server; ``open/tiny`` is public, ``tiny`` is not."""
    layout = build_tiny()
    with token_server() as server, token_registry(short_folder / "token", server) as running:
        server.public.add("open/tiny")
        for repository in ("tiny", "open/tiny"):
            token = server.token(f"repository:{repository}:pull,push")
            pusher = Pusher(running.address, f"Bearer {token}")
            pusher.push(layout, f"{repository}:multi", layout.names()[IMAGE])
        yield running


@pytest.fixture(params=["basic", "tokens"])
def closed(request: pytest.FixtureRequest) -> LocalRegistry:
    """A registry that lets nobody in who is not known."""
    registry: LocalRegistry = request.getfixturevalue(request.param)
    return registry


def test_credentials_of_docker_config_are_used(suite: Suite, closed: LocalRegistry, tmp_path: Path) -> None:
    home = docker_config(tmp_path, closed, f"{USERNAME}:{PASSWORD}")
    suite.strata("pull", closed.reference(IMAGE), env=home)
    assert "Tiny One" in suite.run(closed.reference(IMAGE), "cat", "/etc/os-release")


def test_nobody_gets_in_without_credentials(suite: Suite, closed: LocalRegistry, tmp_path: Path) -> None:
    nobody = {"DOCKER_CONFIG": str(tmp_path)}
    refused = suite.attempt("pull", f"{closed.address}/tiny:unknown", env=nobody)
    assert refused.status == 1
    assert len(refused.stderr.splitlines()) == 1
    assert closed.address in refused.stderr


def test_a_wrong_password_is_told_from_none(suite: Suite, closed: LocalRegistry, tmp_path: Path) -> None:
    home = docker_config(tmp_path, closed, f"{USERNAME}:wrong")
    refused = suite.attempt("pull", f"{closed.address}/tiny:unknown", env=home)
    assert refused.status == 1
    assert "credentials" in refused.stderr or "password" in refused.stderr


def test_a_public_repository_needs_a_token_but_no_credentials(
    suite: Suite, tokens: LocalRegistry, tmp_path: Path
) -> None:
    suite.strata("pull", tokens.reference("open/tiny:multi"), env={"DOCKER_CONFIG": str(tmp_path)})


def docker_config(folder: Path, registry: LocalRegistry, user_and_password: str) -> dict[str, str]:
    """The environment of a user whose ``docker login`` left these credentials."""
    auth = base64.b64encode(user_and_password.encode()).decode()
    (folder / "config.json").write_text(json.dumps({"auths": {registry.address: {"auth": auth}}}))
    return {"DOCKER_CONFIG": str(folder)}
