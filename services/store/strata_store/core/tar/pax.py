"""PAX extended headers: records of keys and values."""

import binascii
from urllib.parse import unquote_to_bytes

from strata_store.core.layer_errors import layer_invalid
from strata_store.core.tar.numbers import parse_decimal

Records = dict[bytes, bytes]
_SCHILY_XATTR = b"SCHILY.xattr."
_LIBARCHIVE_XATTR = b"LIBARCHIVE.xattr."
_SPARSE_OFFSET = b"GNU.sparse.offset"
_SPARSE_LENGTH = b"GNU.sparse.numbytes"
SPARSE_MAP = b"GNU.sparse.map"


def parse_records(payload: bytes) -> Records:
    """Read records "LENGTH KEY=VALUE", each ended by a newline; a later record replaces an earlier one.

    The map of sparse format 0.0 is a sequence of repeated keys: it is returned as the one ``GNU.sparse.map`` record
    of format 0.1. Source: POSIX pax, "pax Extended Header"; GNU tar manual, "Storing Sparse Files".
    """
    records: Records = {}
    repeated: list[bytes] = []
    position = 0
    while position < len(payload):
        key, value, position = _parse_record(payload, position)
        if key in {_SPARSE_OFFSET, _SPARSE_LENGTH}:
            _check_order(key, len(repeated))
            repeated.append(value)
        else:
            records[key] = value
    if repeated:
        records[SPARSE_MAP] = b",".join(repeated)
    return records


def _parse_record(payload: bytes, start: int) -> tuple[bytes, bytes, int]:
    space = payload.find(b" ", start, start + 20)
    if space < 0:
        raise layer_invalid("a PAX record has no length")
    end = start + parse_decimal(payload[start:space])
    key, equals, value = payload[space + 1 : end - 1].partition(b"=")
    if not equals or not key or end > len(payload) or payload[end - 1 : end] != b"\n":
        raise layer_invalid("a PAX record is broken")
    return key, value, end


def _check_order(key: bytes, count: int) -> None:
    if key != (_SPARSE_LENGTH if count % 2 else _SPARSE_OFFSET):
        raise layer_invalid("the map of a sparse file is broken")


def is_sparse(records: Records) -> bool:
    """Whether the records describe a sparse file, in any of the formats 0.0, 0.1 and 1.0."""
    return SPARSE_MAP in records or records.get(b"GNU.sparse.major") == b"1"


def sparse_size(records: Records) -> bytes:
    """Return the length, holes included, of a sparse file."""
    return records.get(b"GNU.sparse.realsize") or records.get(b"GNU.sparse.size") or b"0"


def is_xattr(key: bytes) -> bool:
    """Whether a record is an extended attribute."""
    return key.startswith((_SCHILY_XATTR, _LIBARCHIVE_XATTR))


def xattrs_of(records: Records) -> tuple[tuple[bytes, bytes], ...]:
    """Pick the extended attributes; where star's and libarchive's keys both name one, star's raw value counts."""
    found: dict[bytes, bytes] = {}
    for key, value in records.items():
        if key.startswith(_LIBARCHIVE_XATTR):
            name = unquote_to_bytes(key[len(_LIBARCHIVE_XATTR) :])
            if _SCHILY_XATTR + name not in records:
                found[name] = _base64(value)
        elif key.startswith(_SCHILY_XATTR):
            found[key[len(_SCHILY_XATTR) :]] = value
    return tuple(sorted(found.items()))


def _base64(text: bytes) -> bytes:
    try:
        return binascii.a2b_base64(text + b"=" * (-len(text) % 4))
    except binascii.Error:
        raise layer_invalid("an extended attribute is not base64") from None
