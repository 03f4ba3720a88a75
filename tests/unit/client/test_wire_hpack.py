"""Header compression against the tables of another implementation, and against rubbish."""

import contextlib

import pytest
from hpack import Decoder, Encoder
from hypothesis import given
from hypothesis import strategies as st

from strata_chassis.errors import Internal
from strata_client.wire import huffman
from strata_client.wire.hpack import decode_headers, encode_headers

_texts = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=300)
_names = st.text("abcdefghijklmnopqrstuvwxyz-", min_size=1, max_size=30)
_headers = st.lists(
    st.tuples(st.sampled_from([":path", ":method", "user-agent", "te", ":status"]) | _names, _texts), max_size=20
)


@given(_headers)
def test_another_decoder_reads_what_we_encode(headers: list[tuple[str, str]]) -> None:
    decoded = Decoder(max_header_list_size=2**20).decode(encode_headers(headers))
    assert [(str(name), str(value)) for name, value in decoded] == headers


@given(_headers, st.booleans())
def test_we_read_what_another_encoder_wrote_without_a_table(headers: list[tuple[str, str]], huffman: bool) -> None:  # noqa: FBT001
    encoder = Encoder()
    encoder.header_table_size = 0
    assert decode_headers(encoder.encode(headers, huffman=huffman)) == headers


@given(st.binary(max_size=400))
def test_rubbish_is_refused_and_never_crashes(block: bytes) -> None:
    with contextlib.suppress(Internal):
        decode_headers(block)


def test_a_reference_into_a_dynamic_table_is_refused() -> None:
    with pytest.raises(Internal, match="empty dynamic table"):
        decode_headers(b"\xbe")


def test_too_many_headers_are_refused() -> None:
    with pytest.raises(Internal, match="bytes of headers"):
        decode_headers(b"\x82" * 2000)


@pytest.mark.parametrize("raw", [b"\xff\xff\xff\xff", b"\xff", b"\x00"])
def test_broken_huffman_codes_are_refused(raw: bytes) -> None:
    with pytest.raises(Internal):
        huffman.decode(raw)
