import base64
import json

import pytest

from strata_chassis.errors import FailedPrecondition
from strata_registry.core.credentials import (
    Credential,
    Helper,
    is_helper_name,
    is_not_found_answer,
    parse_config,
    parse_helper_answer,
    sources,
)


def encoded(username: str, password: str) -> str:
    return base64.b64encode(f"{username}:{password}".encode()).decode()


def config(**parts: object) -> bytes:
    return json.dumps(parts).encode()


def found(document: bytes, registry: str, repository: str = "a/b") -> tuple[Helper | Credential, ...]:
    return sources(parse_config(document, name="config.json"), registry, repository)


@pytest.mark.parametrize(
    ("key", "registry"),
    [
        ("ghcr.io", "ghcr.io"),
        ("https://ghcr.io", "ghcr.io"),
        ("https://ghcr.io/v2/", "ghcr.io"),
        ("http://localhost:5000/", "localhost:5000"),
        ("https://index.docker.io/v1/", "docker.io"),
        ("docker.io", "docker.io"),
        ("registry-1.docker.io", "docker.io"),
    ],
)
def test_every_spelling_of_a_registry_is_found(key: str, registry: str) -> None:
    document = config(auths={key: {"auth": encoded("me", "pass:word")}})
    assert found(document, registry) == (Credential("me", "pass:word"),)


def test_credentials_of_another_registry_are_not_sent() -> None:
    assert found(config(auths={"ghcr.io": {"auth": encoded("me", "x")}}), "quay.io") == ()


def test_the_longest_matching_path_wins() -> None:
    document = config(
        auths={"quay.io": {"auth": encoded("all", "x")}, "quay.io/team/app": {"auth": encoded("team", "y")}}
    )
    assert found(document, "quay.io", "team/app") == (Credential("team", "y"),)
    assert found(document, "quay.io", "team/application") == (Credential("all", "x"),)


def test_a_registry_s_helper_comes_first_and_the_general_store_last() -> None:
    document = config(
        auths={"quay.io": {"auth": encoded("me", "x")}}, credHelpers={"quay.io": "cloud"}, credsStore="desktop"
    )
    assert found(document, "quay.io") == (
        Helper("cloud", "quay.io"),
        Credential("me", "x"),
        Helper("desktop", "quay.io"),
    )


def test_helpers_know_docker_hub_by_its_old_address() -> None:
    assert found(config(credsStore="desktop"), "docker.io") == (Helper("desktop", "https://index.docker.io/v1/"),)


def test_an_empty_entry_that_only_marks_a_login_is_passed_over() -> None:
    assert found(config(auths={"quay.io": {}}, credsStore="desktop"), "quay.io") == (Helper("desktop", "quay.io"),)


def test_an_identity_token_is_read() -> None:
    document = config(auths={"quay.io": {"auth": encoded("me", ""), "identitytoken": "t"}})
    assert found(document, "quay.io") == (Credential("me", "", "t"),)


@pytest.mark.parametrize("document", [b"", b"[]", b"nonsense", config(auths=[1]), config(auths={"x": {"auth": "%%"}})])
def test_what_is_no_configuration_is_refused_in_a_sentence(document: bytes) -> None:
    with pytest.raises(FailedPrecondition, match=r"config\.json is not a valid registry configuration file"):
        parse_config(document, name="config.json")


@pytest.mark.parametrize("name", ["", "../../bin/sh", "a/b", "-x", "a b", "a\0"])
def test_a_helper_s_name_never_names_a_path(name: str) -> None:
    assert not is_helper_name(name)


def test_a_helper_s_answer_is_a_password_or_a_token() -> None:
    assert parse_helper_answer(b'{"Username": "me", "Secret": "s"}') == Credential("me", "s")
    assert parse_helper_answer(b'{"Username": "<token>", "Secret": "s"}') == Credential(identity_token="s")
    assert is_not_found_answer(b"credentials not found in native keychain\n")


def test_secrets_are_never_shown() -> None:
    assert "hush" not in repr(Credential("me", "hush", "hush", "hush"))
