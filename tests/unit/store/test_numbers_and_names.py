"""Small pure parts, by tables."""

from __future__ import annotations

import pytest

from strata_chassis.errors import InvalidArgument
from strata_oci.digest import Digest
from strata_store.core.names import holder, matches, names_for, parse_position
from strata_store.core.paths import clean
from strata_store.core.tar.numbers import parse_number, parse_time
from strata_store.core.tar.pax import parse_records, xattrs_of

DIGEST = Digest.of(b"manifest")


@pytest.mark.parametrize(
    ("field", "number"),
    [
        (b"0000644\0", 0o644),
        (b"  644 \0\0\0", 0o644),
        (b"644\0junk", 0o644),
        (b"\0\0\0\0\0\0\0\0", 0),
        (b"        ", 0),
        (b"\x80\0\0\0\0\0\0\xff", 255),
        (b"\x80\0\0\0\x01\0\0\0", 1 << 24),
        (b"\xff" * 8, -1),
        (b"\xff\xff\xff\xff\xff\xff\xff\x00", -256),
        (b"\xc0\0\0\0\0\0\0\0", -(1 << 62)),
    ],
)
def test_numbers_of_headers_are_octal_or_binary(field: bytes, number: int) -> None:
    assert parse_number(field) == number


@pytest.mark.parametrize("field", [b"8", b"0x1f", b"1_0", b"+7", b"-7"])
def test_what_is_no_octal_number_is_refused(field: bytes) -> None:
    with pytest.raises(InvalidArgument, match="no number"):
        parse_number(field)


@pytest.mark.parametrize(
    ("text", "time"),
    [
        (b"0", (0, 0)),
        (b"12.5", (12, 500_000_000)),
        (b"12.", (12, 0)),
        (b"12.0000000019", (12, 1)),
        (b"-1", (-1, 0)),
        (b"-1.5", (-2, 500_000_000)),
        (b"-0.25", (-1, 750_000_000)),
    ],
)
def test_times_have_nanoseconds_and_round_down(text: bytes, time: tuple[int, int]) -> None:
    assert parse_time(text) == time


def test_records_may_hold_newlines_and_equals_signs() -> None:
    assert parse_records(b"14 path=a\nb=c\n") == {b"path": b"a\nb=c"}


def test_an_attribute_in_both_spellings_has_the_raw_value() -> None:
    records = {b"LIBARCHIVE.xattr.user.%C3%BC": b"YQ", b"SCHILY.xattr.user.\xc3\xbc": b"raw"}
    assert xattrs_of(records) == ((b"user.\xc3\xbc", b"raw"),)
    assert xattrs_of({b"LIBARCHIVE.xattr.user.a%3Db": b"YWI="}) == ((b"user.a=b", b"ab"),)


@pytest.mark.parametrize(
    ("name", "parts"),
    [(b"", []), (b".", []), (b"/", []), (b"../..", []), (b"a/b/../c/", [b"a", b"c"]), (b"a/../../b", [b"b"])],
)
def test_names_become_parts_below_the_root(name: bytes, parts: list[bytes]) -> None:
    assert clean(name) == parts


@pytest.mark.parametrize(
    ("reference", "names"),
    [
        ("ubuntu", ("docker.io/library/ubuntu:latest",)),
        ("localhost:5000/a/b:v1", ("localhost:5000/a/b:v1",)),
        (f"ubuntu@{DIGEST}", ()),
        (f"ubuntu:22.04@{DIGEST}", ("docker.io/library/ubuntu:22.04",)),
    ],
)
def test_a_pulled_image_is_named_by_its_tag_and_pinned_by_its_digest(reference: str, names: tuple[str, ...]) -> None:
    found, pinned = names_for(reference, "docker.io/library/ubuntu", DIGEST, "")
    assert found == names
    assert pinned[0].endswith(f"@{DIGEST}")


@pytest.mark.parametrize(
    ("pattern", "is_match"),
    [("debian", True), ("debian:12", True), ("debian:11", False), ("deb*", True), ("docker.io/library/debian", True)],
)
def test_patterns_match_names_long_and_short_with_a_tag_or_without(pattern: str, is_match: bool) -> None:  # noqa: FBT001
    assert matches(pattern, ["docker.io/library/debian:12"]) is is_match


def test_holders_of_leases_are_named_as_people_know_them() -> None:
    assert holder("container/" + "ab" * 32) == "container abababababab"
    assert holder("mine") == "lease mine"


def test_a_token_that_no_list_gave_is_refused() -> None:
    with pytest.raises(InvalidArgument) as caught:
        parse_position("yesterday")
    assert caught.value.reason == "PAGE_TOKEN_INVALID"
