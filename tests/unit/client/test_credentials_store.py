"""Keeping credentials where docker keeps them."""

import json
from pathlib import Path

import pytest
from strata.oci.v1.oci_pb2 import Credentials

from strata_client.credentials import find_credentials
from strata_client.credentials_store import forget_credentials, keep_credentials


def env(folder: Path) -> dict[str, str]:
    return {"DOCKER_CONFIG": str(folder / "docker")}


def test_what_is_kept_is_found_again(tmp_path: Path) -> None:
    kept = keep_credentials("r.example:5000", "joe", "secret", "", env(tmp_path))
    assert kept.is_plain
    found = find_credentials("r.example:5000/app:1", env(tmp_path))
    assert found == Credentials(username="joe", password="secret")


def test_a_token_is_kept_instead_of_the_password(tmp_path: Path) -> None:
    keep_credentials("docker.io", "joe", "secret", "token", env(tmp_path))
    found = find_credentials("debian", env(tmp_path))
    assert found == Credentials(username="joe", identity_token="token")


def test_only_the_owner_may_read_the_file(tmp_path: Path) -> None:
    keep_credentials("r.example", "joe", "secret", "", env(tmp_path))
    assert (tmp_path / "docker/config.json").stat().st_mode & 0o777 == 0o600
    assert [file.name for file in (tmp_path / "docker").iterdir()] == ["config.json"]


def test_other_settings_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "docker").mkdir()
    (tmp_path / "docker/config.json").write_text('{"psFormat": "table", "auths": {"other": {"auth": "YTpi"}}}')
    keep_credentials("r.example", "joe", "secret", "", env(tmp_path))
    config = json.loads((tmp_path / "docker/config.json").read_text())
    assert config["psFormat"] == "table"
    assert set(config["auths"]) == {"other", "r.example"}


def test_forgotten_credentials_are_gone(tmp_path: Path) -> None:
    keep_credentials("r.example", "joe", "secret", "", env(tmp_path))
    assert forget_credentials("r.example", env(tmp_path))
    assert find_credentials("r.example/app", env(tmp_path)) is None
    assert not forget_credentials("r.example", env(tmp_path))


def test_a_helper_keeps_them_if_one_is_configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "docker-credential-test"
    program.write_text(f'#!/bin/sh\ncat > {tmp_path}/"$1"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    (tmp_path / "docker").mkdir()
    (tmp_path / "docker/config.json").write_text('{"credsStore": "test"}')
    kept = keep_credentials("r.example", "joe", "secret", "", env(tmp_path))
    assert not kept.is_plain
    assert json.loads((tmp_path / "store").read_text())["Secret"] == "secret"
    assert "secret" not in (tmp_path / "docker/config.json").read_text()
    assert forget_credentials("r.example", env(tmp_path))
    assert (tmp_path / "erase").read_text() == "r.example"
