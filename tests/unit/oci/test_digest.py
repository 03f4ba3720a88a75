import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strata_oci.digest import Digest
from strata_oci.errors import MalformedError

EMPTY = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_the_digest_of_nothing_is_the_known_one():
    assert str(Digest.of(b"")) == EMPTY


def test_sha512_is_known_as_well():
    digest = Digest.of(b"x", "sha512")
    assert Digest.parse(str(digest)) == digest
    assert digest.hex == hashlib.sha512(b"x").hexdigest()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sha256",
        "sha256:",
        EMPTY[:-1],
        EMPTY + "0",
        EMPTY.upper(),
        EMPTY.replace("e", "E"),
        EMPTY.replace("e", "g"),
        EMPTY + "\n",
        "md5:d41d8cd98f00b204e9800998ecf8427e",
        "sha512:" + "0" * 64,
        "../" + EMPTY,
        "sha256:" + "٣" * 64,
    ],
)
def test_what_is_no_digest_is_refused(text):
    with pytest.raises(MalformedError):
        Digest.parse(text)


@given(st.binary(), st.sampled_from(["sha256", "sha512"]))
def test_a_digest_names_its_bytes_and_no_others(data, algorithm):
    digest = Digest.parse(str(Digest.of(data, algorithm)))
    assert digest.names(data)
    assert not digest.names(data + b"x")


def test_a_stream_is_hashed_piece_by_piece():
    hasher = Digest.parse(EMPTY).hasher()
    hasher.update(b"ab")
    hasher.update(b"c")
    assert hasher.hexdigest() == Digest.of(b"abc").hex
