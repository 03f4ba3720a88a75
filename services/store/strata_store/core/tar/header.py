"""The 512-byte tar header block."""

import struct
from typing import NamedTuple
from zlib import adler32

from strata_store.core.layer_errors import layer_invalid
from strata_store.core.tar.numbers import parse_number

BLOCK = 512
_FIELDS = struct.Struct("100s8s8s8s12s12s8sc100s8s64x8s8s155s12x")
_ADLER_MODULUS = 65521
_SPACES = 8 * 0x20
_POSIX_MAGIC = b"ustar\x00"


class Header(NamedTuple):
    """The fields of a header block, numbers still as bytes."""

    name: bytes
    mode: bytes
    uid: bytes
    gid: bytes
    size: bytes
    mtime: bytes
    checksum: bytes
    kind: bytes
    link: bytes
    magic: bytes
    major: bytes
    minor: bytes
    prefix: bytes


def parse_header(block: bytes) -> Header:
    """Take a header block apart and check its sum.

    The sum of the bytes comes from adler32, whose lower half is the sum plus one, modulo 65521: forty times faster
    than adding in Python. Old tars added signed bytes; those are told apart only when the usual sum does not fit.
    """
    header = Header._make(_FIELDS.unpack(block))
    checksum = header.checksum
    total = ((adler32(block) & 0xFFFF) - (adler32(checksum) & 0xFFFF) + _SPACES) % _ADLER_MODULUS
    stated = parse_number(checksum)
    if stated % _ADLER_MODULUS != total and stated != _signed_sum(block):
        raise layer_invalid("a header's checksum does not fit")
    return header


def _signed_sum(block: bytes) -> int:
    signed = struct.unpack("512b", block)
    return int(sum(signed[:148]) + _SPACES + sum(signed[156:]))


def full_name(header: Header) -> bytes:
    """Put an entry's name together; only POSIX headers have a prefix (GNU keeps times there)."""
    name = header.name.partition(b"\0")[0]
    if header.prefix[0] and header.magic.startswith(_POSIX_MAGIC):
        return header.prefix.partition(b"\0")[0] + b"/" + name
    return name
