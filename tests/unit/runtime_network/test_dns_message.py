"""DNS messages, byte by byte."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strata_runtime.core.network.dns_message import (
    MalformedQuery,
    RecordType,
    ResponseCode,
    address_answer,
    failure,
    for_udp,
    is_answer_to,
    malformed_answer,
    parse_query,
    pointer_answer,
)

# What `dig +noedns web.example` sends, and a server that knows two addresses answers.
QUERY = bytes.fromhex("1234 0100 0001 0000 0000 0000 03776562 076578616d706c65 00 0001 0001")
ANSWER = bytes.fromhex(
    "1234 8580 0001 0002 0000 0000 03776562 076578616d706c65 00 0001 0001"
    "c00c 0001 0001 0000000a 0004 0a000001"
    "c00c 0001 0001 0000000a 0004 0a000002"
)


def asking(name=b"\x03web\x00", kind=1, record_class=1, flags=0x0100, questions=1):
    return struct.pack("!HHHHHH", 7, flags, questions, 0, 0, 0) + name + struct.pack("!HH", kind, record_class)


def test_a_query_is_read():
    query = parse_query(QUERY)
    assert (query.identity, query.name, query.record_type, query.recurses) == (0x1234, "web.example", 1, True)


def test_addresses_are_answered_in_the_order_given():
    assert address_answer(parse_query(QUERY), ["10.0.0.1", "fd00::1", "10.0.0.2"], 10) == ANSWER


def test_only_addresses_of_the_family_asked_for_are_answered():
    query = parse_query(asking(kind=RecordType.AAAA))
    answer = address_answer(query, ["10.0.0.1", "fd00::1"], 10)
    assert answer.endswith(bytes.fromhex("c00c 001c 0001 0000000a 0010 fd000000000000000000000000000001"))
    assert struct.unpack_from("!H", answer, 6) == (1,)


def test_a_pointer_is_answered_with_a_name():
    query = parse_query(asking(kind=RecordType.PTR))
    assert pointer_answer(query, "web.mine", 10).endswith(bytes.fromhex("0000000a 000a") + b"\x03web\x04mine\x00")


def test_names_are_compared_without_case_and_repeated_as_they_were_asked():
    message = asking(name=b"\x03WeB\x00")
    query = parse_query(message)
    assert query.name == "web"
    assert b"\x03WeB\x00" in failure(query, ResponseCode.NAME_ERROR)


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"\x00" * 11,
        QUERY[:-1],
        QUERY[:16],
        asking(name=b"\xc0\x0c"),
        asking(name=b"\x40" + b"a" * 64 + b"\x00"),
        asking(name=b"\x3f" + b"a" * 63 + (b"\x3f" + b"a" * 63) * 4 + b"\x00"),
        asking(record_class=3),
        asking(flags=0x8100),
        asking(flags=0x2800),
        asking(questions=0),
        asking(questions=2),
    ],
)
def test_what_is_no_single_question_is_malformed(message):
    with pytest.raises(MalformedQuery):
        parse_query(message)


@given(st.binary(max_size=64) | st.binary(max_size=64).map(lambda tail: QUERY[:12] + tail))
def test_any_bytes_are_a_query_or_malformed_and_never_answered_with_more_than_a_header(message):
    try:
        query = parse_query(message)
    except MalformedQuery:
        assert len(malformed_answer(message)) in {0, 12}
    else:
        assert failure(query, ResponseCode.NAME_ERROR)[12:] == message[12 : 12 + len(query.question)]


def test_an_answer_is_never_answered():
    assert malformed_answer(ANSWER) == b""


def test_an_answer_too_long_for_a_datagram_asks_to_come_back_by_stream():
    query = parse_query(QUERY)
    long = address_answer(query, [f"10.0.0.{host}" for host in range(50)], 10)
    short = for_udp(query, long)
    assert short[12:] == query.question
    assert struct.unpack_from("!H", short, 2)[0] & 0x0200


@pytest.mark.parametrize(
    ("answer", "is_one"),
    [
        (ANSWER, True),
        (b"\x12\x35" + ANSWER[2:], False),
        (QUERY, False),
        (ANSWER.replace(b"\x03web", b"\x03bad"), False),
        (ANSWER.replace(b"\x03web", b"\x03WEB"), True),
        (ANSWER[:20], False),
        (b"", False),
    ],
)
def test_an_answer_belongs_to_the_query_with_its_number_and_question(answer, is_one):
    assert is_answer_to(QUERY, answer) is is_one
