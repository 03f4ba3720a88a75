"""Entries that say something about the entry after them: PAX headers and GNU long names."""

from strata_store.core.layer_errors import layer_invalid
from strata_store.core.tar.header import BLOCK
from strata_store.core.tar.pax import Records, is_xattr, parse_records

_LONG_NAME = b"L"
_LONG_LINK = b"K"
_GLOBAL = b"g"
EXTRA_KINDS = frozenset((b"x", b"X", _GLOBAL, _LONG_NAME, _LONG_LINK))
_MAX_BYTES = 1 << 20  # the limit of Go's archive/tar


class Extras:
    """What was said so far about the next entry, and by global headers about all that follow.

    It is true if anything still waits for its entry.
    """

    def __init__(self) -> None:
        self._kind = b""
        self._size = 0
        self._globals: Records = {}
        self._records: Records = {}
        self._name = b""
        self._link = b""

    def __bool__(self) -> bool:
        return bool(self._records or self._name or self._link)

    def start(self, kind: bytes, size: int) -> None:
        """Begin one such entry."""
        if not 0 < size <= _MAX_BYTES:
            raise layer_invalid("an extended header has an impossible length", size=size)
        self._kind, self._size = kind, size

    @property
    def padded_size(self) -> int:
        """Bytes of the entry's payload, padding included."""
        return self._size + -self._size % BLOCK

    def take(self, payload: bytes) -> None:
        """Take the payload of the entry begun last."""
        payload = payload[: self._size]
        if self._kind == _LONG_NAME:
            self._name = payload.partition(b"\0")[0]
        elif self._kind == _LONG_LINK:
            self._link = payload.partition(b"\0")[0]
        elif self._kind == _GLOBAL:
            merged = self._globals | parse_records(payload)
            self._globals = {key: value for key, value in merged.items() if value}
            if sum(len(key) + len(value) for key, value in self._globals.items()) > _MAX_BYTES:
                raise layer_invalid("its global headers are too long")
        else:
            self._records = parse_records(payload)

    def apply(self, name: bytes, link: bytes) -> tuple[bytes, bytes, Records]:
        """Return name, link and records of the entry that came, and forget what was said about it."""
        if not (self or self._globals):
            return name, link, self._records
        # An empty value takes a record back; an extended attribute may be empty.
        records = {key: value for key, value in (self._globals | self._records).items() if value or is_xattr(key)}
        if b"\0" in records.get(b"path", b"") + records.get(b"linkpath", b"") + records.get(b"GNU.sparse.name", b""):
            raise layer_invalid("a name holds a NUL byte", name)
        name = records.get(b"path") or self._name or name
        link = records.get(b"linkpath") or self._link or link
        self._records, self._name, self._link = {}, b"", b""
        return name, link, records
