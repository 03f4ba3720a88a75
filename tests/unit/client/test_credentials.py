"""Credentials as docker's configuration has them."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from strata.oci.v1.oci_pb2 import Credentials

from strata_chassis.errors import FailedPrecondition
from strata_client.credentials import ask_helper, credentials_in, find_credentials, registry_of

AUTH = base64.b64encode(b"joe:pass:word").decode()
JOE = Credentials(username="joe", password="pass:word")


def nobody(_name: str, _server: str) -> str | None:
    return None


@pytest.mark.parametrize(
    ("reference", "host"),
    [
        ("debian", "docker.io"),
        ("team/app:1", "docker.io"),
        ("index.docker.io/a", "docker.io"),
        ("localhost/a", "localhost"),
        ("localhost:5000/a/b@sha256:00", "localhost:5000"),
        ("ghcr.io/a/b", "ghcr.io"),
        ("app:1", "docker.io"),
    ],
)
def test_the_registry_of_a_reference_is_found(reference: str, host: str) -> None:
    assert registry_of(reference) == host


@pytest.mark.parametrize("key", ["reg.example", "https://reg.example", "https://reg.example/v1/", "reg.example/v2"])
def test_keys_may_be_written_as_addresses(key: str) -> None:
    assert credentials_in({"auths": {key: {"auth": AUTH}}}, "reg.example", nobody) == JOE


def test_the_hub_has_a_key_of_its_own() -> None:
    config = {"auths": {"https://index.docker.io/v1/": {"auth": AUTH}}}
    assert credentials_in(config, "docker.io", nobody) == JOE


def test_tokens_are_taken_as_they_are() -> None:
    config = {"auths": {"r.io": {"identitytoken": "id"}, "s.io": {"registrytoken": "reg"}}}
    assert credentials_in(config, "r.io", nobody) == Credentials(identity_token="id")
    assert credentials_in(config, "s.io", nobody) == Credentials(registry_token="reg")


def test_a_helper_of_the_registry_comes_before_the_general_store() -> None:
    config = {"credHelpers": {"r.io": "mine"}, "credsStore": "all"}
    asked = []

    def helper(name: str, server: str) -> str:
        asked.append((name, server))
        return json.dumps({"Username": "<token>", "Secret": "s"})

    assert credentials_in(config, "r.io", helper) == Credentials(identity_token="s")
    assert credentials_in(config, "docker.io", helper) == Credentials(identity_token="s")
    assert asked == [("mine", "r.io"), ("all", "https://index.docker.io/v1/")]


def test_a_store_that_knows_nothing_leaves_the_file() -> None:
    assert credentials_in({"credsStore": "all", "auths": {"r.io": {"auth": AUTH}}}, "r.io", nobody) == JOE


@pytest.mark.parametrize("config", [None, [], {"auths": []}, {"auths": {"r.io": "x"}}, {"auths": {"r.io": {}}}])
def test_an_odd_configuration_has_no_credentials(config: Any) -> None:
    assert credentials_in(config, "r.io", nobody) is None


def test_no_configuration_means_no_credentials(tmp_path: Path) -> None:
    assert find_credentials("debian", {"HOME": str(tmp_path)}) is None


def test_a_broken_configuration_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(FailedPrecondition, match=r"config\.json is no JSON"):
        find_credentials("debian", {"DOCKER_CONFIG": str(tmp_path)})


def helper_script(folder: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    program = folder / "docker-credential-test"
    program.write_text(f"#!/bin/sh\n{text}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def test_a_helper_gets_the_server_on_stdin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    helper_script(tmp_path, 'read server; echo "$1 $server"', monkeypatch)
    assert ask_helper("test", "r.io\n") == "get r.io\n"


def test_a_helper_may_know_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    helper_script(tmp_path, "echo credentials not found in native keychain; exit 1", monkeypatch)
    assert ask_helper("test", "r.io") is None


def test_a_helper_that_fails_is_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    helper_script(tmp_path, "echo the keychain is locked; exit 1", monkeypatch)
    with pytest.raises(FailedPrecondition, match="docker-credential-test failed: the keychain is locked"):
        ask_helper("test", "r.io")


@pytest.mark.parametrize("name", ["nonexistent", "../evil"])
def test_a_helper_that_is_not_there_is_named(name: str) -> None:
    with pytest.raises(FailedPrecondition, match="docker-credential-"):
        ask_helper(name, "r.io")
