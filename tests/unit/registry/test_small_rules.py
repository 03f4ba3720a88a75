"""Token answers, scopes, links, freshness, references: tables too small for files of their own."""

import pytest

from strata_chassis.errors import InvalidArgument, NotFound, PermissionDenied, StrataError, Unauthenticated, Unavailable
from strata_oci.digest import Digest
from strata_registry.core.answers import refusal
from strata_registry.core.freshness import CachedTag, Freshness, TagAction, tag_action
from strata_registry.core.link import link_to_next, next_page
from strata_registry.core.repository import Repository, parse_repository, parse_tag_or_digest
from strata_registry.core.scope import join, pull_scope, push_scope
from strata_registry.core.token import parse_token

DIGEST = "sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("document", "life_s"),
    [
        (b'{"token": "t"}', 50),
        (b'{"access_token": "t", "expires_in": 300}', 290),
        (b'{"token": "t", "expires_in": 5}', 50),
    ],
)
def test_a_token_is_used_until_ten_seconds_before_its_end(document: bytes, life_s: float) -> None:
    token = parse_token(document, now_s=1000)
    assert token.value == "t"
    assert token.is_fresh(1000 + life_s - 1)
    assert not token.is_fresh(1000 + life_s)


@pytest.mark.parametrize(
    "document", [b"", b"[]", b"{}", b'{"token": 1}', b'{"token": "a\\nb"}', b'{"token": "\\u00fc"}']
)
def test_an_answer_without_a_token_is_refused(document: bytes) -> None:
    with pytest.raises(Unavailable):
        parse_token(document, now_s=0)


def test_scopes_are_written_as_token_servers_read_them() -> None:
    assert join([push_scope("b"), pull_scope("a"), pull_scope("a")]) == "repository:a:pull repository:b:pull,push"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),
        ('</v2/a/tags/list?n=2&last=b>; rel="next"', "/v2/a/tags/list?n=2&last=b"),
        ("</x>; rel=next", "/x"),
        ('</prev>; rel="prev", </next>; rel="next"', "/next"),
        ('</x>; rel="last"', None),
        ("nonsense", None),
    ],
)
def test_the_next_page_is_found(header: str | None, expected: str | None) -> None:
    assert next_page(header) == expected


def test_links_are_read_as_they_are_written() -> None:
    assert next_page(link_to_next("/v2/a?x=1")) == "/v2/a?x=1"


CACHED = CachedTag(DIGEST, checked_at_s=100)


@pytest.mark.parametrize(
    ("cached", "wanted", "now_s", "offline", "expected"),
    [
        (None, Freshness.CACHED, 100, False, TagAction.ASK),
        (CACHED, Freshness.CACHED, 159, False, TagAction.ANSWER),
        (CACHED, Freshness.CACHED, 160, False, TagAction.ASK_ELSE_STALE),
        (CACHED, Freshness.CACHED, 99, False, TagAction.ASK_ELSE_STALE),  # the clock was set back
        (CACHED, Freshness.REVALIDATE, 101, False, TagAction.ASK_ELSE_STALE),
        (CACHED, Freshness.STRICT, 101, False, TagAction.ASK),
        (CACHED, Freshness.STRICT, 101, True, TagAction.ANSWER),
        (None, Freshness.CACHED, 100, True, TagAction.REFUSE),
    ],
)
def test_how_a_tag_is_answered(
    cached: CachedTag | None, wanted: Freshness, now_s: float, *, offline: bool, expected: TagAction
) -> None:
    assert tag_action(cached, wanted, now_s=now_s, ttl_s=60, offline=offline) is expected


def test_a_repository_s_name_is_completed_as_docker_does() -> None:
    assert parse_repository("ubuntu") == Repository("docker.io", "library/ubuntu")
    assert parse_repository("ghcr.io/a/b") == Repository("ghcr.io", "a/b")


@pytest.mark.parametrize("name", ["ubuntu:20.04", f"ubuntu@{DIGEST}", "", "A"])
def test_a_repository_s_name_names_nothing_more(name: str) -> None:
    with pytest.raises(InvalidArgument):
        parse_repository(name)


def test_what_follows_a_name_is_a_tag_or_a_digest() -> None:
    assert parse_tag_or_digest("v1.0") == "v1.0"
    assert parse_tag_or_digest(DIGEST) == Digest.parse(DIGEST)
    for text in ("", "../x", "sha256:00", "a/b", "-x"):
        with pytest.raises(InvalidArgument):
            parse_tag_or_digest(text)


@pytest.mark.parametrize(
    ("status", "body", "kind", "expected", "reason"),
    [
        (401, b"", "MANIFEST", Unauthenticated, "REGISTRY_UNAUTHORIZED"),
        (403, b'{"errors": [{"code": "DENIED", "message": "no"}]}', "MANIFEST", PermissionDenied, "REGISTRY_DENIED"),
        (404, b"", "MANIFEST", NotFound, "MANIFEST_UNKNOWN"),
        (404, b'{"errors": [{"code": "NAME_UNKNOWN"}]}', "MANIFEST", NotFound, "NAME_UNKNOWN"),
        (404, b"<html>", "BLOB", NotFound, "BLOB_UNKNOWN"),
        (400, b'{"errors": [{"code": "DIGEST_INVALID"}]}', "BLOB", InvalidArgument, "DIGEST_INVALID"),
        (502, b'{"errors": "what"}', "MANIFEST", Unavailable, "REGISTRY_UNREACHABLE"),
        (302, b"", "MANIFEST", Unavailable, "REGISTRY_UNREACHABLE"),
    ],
)
def test_refusals_become_errors_of_the_taxonomy(
    status: int, body: bytes, kind: str, expected: type[StrataError], reason: str
) -> None:
    error = refusal(status, body, what="example/app:v1", repository="example/app", kind=kind)
    assert (type(error), error.reason) == (expected, reason)


def test_a_registry_cannot_put_control_characters_into_a_sentence() -> None:
    body = b'{"errors": [{"code": "DENIED", "message": "\\u001b[31mred\\n"}]}'
    assert "\x1b" not in refusal(403, body, what="x", repository="x").message
