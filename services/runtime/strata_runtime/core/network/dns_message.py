"""DNS messages, as far as a resolver of container names needs them. Source: RFC 1035, 4; RFC 3596, 2."""

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from ipaddress import ip_address

_HEADER = struct.Struct("!HHHHHH")
_QUESTION_TAIL = struct.Struct("!HH")
_RECORD = struct.Struct("!HHHIH")  # name, type, class, time to live, length
_NAME_OF_QUESTION = 0xC00C  # a pointer to offset 12
_QR, _AA, _TC, _RD, _RA = 0x8000, 0x0400, 0x0200, 0x0100, 0x0080
_OPCODE = 0x7800
_CLASS_IN = 1
_MOST_LABEL, _MOST_NAME = 63, 255
_MOST_UDP_BYTES = 512


class RecordType(IntEnum):
    """Types of records we know."""

    A = 1
    PTR = 12
    AAAA = 28


class ResponseCode(IntEnum):
    """Outcomes of a query."""

    NO_ERROR = 0
    FORMAT_ERROR = 1
    SERVER_FAILURE = 2
    NAME_ERROR = 3
    NOT_IMPLEMENTED = 4


class MalformedQuery(ValueError):
    """A query that is none, or none we answer."""


@dataclass(frozen=True, slots=True)
class Query:
    """A question. ``name`` is in lower case and without a final dot; ``question`` is how it was asked."""

    identity: int
    name: str
    record_type: int
    recurses: bool
    question: bytes


def parse_query(message: bytes) -> Query:
    """Read a query with one question about the Internet class. Raises MalformedQuery."""
    if len(message) < _HEADER.size:
        raise MalformedQuery("no header")
    identity, flags, questions, _, _, _ = _HEADER.unpack_from(message)
    if flags & (_QR | _OPCODE) or questions != 1:
        raise MalformedQuery("not a query with one question")
    labels, end = _labels(message, _HEADER.size)
    if end + _QUESTION_TAIL.size > len(message):
        raise MalformedQuery("no type")
    record_type, record_class = _QUESTION_TAIL.unpack_from(message, end)
    if record_class != _CLASS_IN:
        raise MalformedQuery("not of the Internet class")
    name = b".".join(labels).decode("ascii", errors="backslashreplace").lower()
    return Query(identity, name, record_type, bool(flags & _RD), message[_HEADER.size : end + _QUESTION_TAIL.size])


def address_answer(query: Query, addresses: Iterable[str], ttl_s: int) -> bytes:
    """Return an answer with the addresses of the type asked for: none of that type is an answer as well."""
    records = [ip_address(address).packed for address in addresses]
    size = 16 if query.record_type == RecordType.AAAA else 4
    return _answer(query, query.record_type, [record for record in records if len(record) == size], ttl_s)


def pointer_answer(query: Query, name: str, ttl_s: int) -> bytes:
    """Return the name of an address."""
    labels = name.encode("ascii", errors="replace").split(b".")
    target = b"".join(bytes([len(label)]) + label for label in labels if 0 < len(label) <= _MOST_LABEL) + b"\0"
    return _answer(query, RecordType.PTR, [target], ttl_s)


def failure(query: Query, code: ResponseCode) -> bytes:
    """Return an answer that says what is wrong."""
    return _header(query, 0, code=code) + query.question


def malformed_answer(message: bytes) -> bytes:
    """Return an answer to something that could not be read; nothing to what has no number."""
    if len(message) < _HEADER.size:
        return b""
    identity, flags, *_ = _HEADER.unpack_from(message)
    if flags & _QR:
        return b""  # an answer to an answer could go on for ever
    code = ResponseCode.NOT_IMPLEMENTED if flags & _OPCODE else ResponseCode.FORMAT_ERROR
    return _HEADER.pack(identity, _QR | flags & (_OPCODE | _RD) | code, 0, 0, 0, 0)


def for_udp(query: Query, answer: bytes) -> bytes:
    """Return ``answer`` if it fits a datagram, and otherwise one that makes the asker come back by TCP."""
    if len(answer) <= _MOST_UDP_BYTES:
        return answer
    return _header(query, 0, flags=_TC) + query.question


def is_answer_to(query: bytes, answer: bytes) -> bool:
    """Tell whether an answer has the number and the question of a query."""
    if len(answer) < _HEADER.size or len(query) < _HEADER.size:
        return False
    try:
        _, end = _labels(query, _HEADER.size)
    except MalformedQuery:
        return False
    end += _QUESTION_TAIL.size
    is_response = bool(_HEADER.unpack_from(answer)[1] & _QR)
    asked, repeated = query[_HEADER.size : end], answer[_HEADER.size : end]
    return is_response and answer[:2] == query[:2] and repeated.lower() == asked.lower()


def _answer(query: Query, record_type: int, records: list[bytes], ttl_s: int) -> bytes:
    parts = [_header(query, len(records), flags=_AA), query.question]
    parts += [_RECORD.pack(_NAME_OF_QUESTION, record_type, _CLASS_IN, ttl_s, len(each)) + each for each in records]
    return b"".join(parts)


def _header(query: Query, answers: int, *, flags: int = 0, code: ResponseCode = ResponseCode.NO_ERROR) -> bytes:
    all_flags = _QR | _RA | flags | (_RD if query.recurses else 0) | code
    return _HEADER.pack(query.identity, all_flags, 1, answers, 0, 0)


def _labels(message: bytes, start: int) -> tuple[list[bytes], int]:
    """Read a name that is written out (a question has nothing before it to point to); return where it ends."""
    labels: list[bytes] = []
    offset = start
    while offset < len(message):
        size = message[offset]
        if size == 0:
            return labels, offset + 1
        if size > _MOST_LABEL or offset + 1 + size - start >= _MOST_NAME:
            break
        labels.append(message[offset + 1 : offset + 1 + size])
        offset += 1 + size
    raise MalformedQuery("no name")
