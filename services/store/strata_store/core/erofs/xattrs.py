"""Extended attributes in the body of an EROFS inode."""

from collections.abc import Iterable, Iterator

from strata_store.core.erofs.layout import XATTR_ENTRY, XATTR_HEADER_BYTES, XATTR_PREFIXES
from strata_store.core.layer_errors import layer_invalid

Xattr = tuple[bytes, bytes]

OVERLAY = b"trusted.overlay."
OPAQUE = (b"trusted.overlay.opaque", b"y")
IMPLICIT = (b"trusted.overlay.strata.implicit", b"y")
"""Marks directories no entry described. Names below ``trusted.overlay.`` never show through an overlay."""
METACOPY = (b"trusted.overlay.metacopy", b"")
_REDIRECT = b"trusted.overlay.redirect"
_MAX_NAME_BYTES = 255
_MAX_VALUE_BYTES = 0xFFFF
_MAX_BODY_BYTES = XATTR_HEADER_BYTES + 4 * 0xFFFE


def redirect(path: bytes) -> Xattr:
    """Make the attribute by which overlayfs finds a file's data in a data-only layer."""
    return _REDIRECT, path


def keep(xattrs: Iterable[Xattr]) -> tuple[Xattr, ...]:
    """Leave out what EROFS has no place for, and what would let an image steer overlayfs.

    containerd, too, leaves out attributes that the file system refuses.
    """
    return tuple(x for x in xattrs if not x[0].startswith(OVERLAY) and _split(x[0]) is not None)


def encode(xattrs: Iterable[Xattr]) -> bytes:
    """Encode attributes as they follow an inode; nothing for none. Raises InvalidArgument for impossible ones."""
    body = bytearray(XATTR_HEADER_BYTES)
    for name, value in xattrs:
        prefix = _split(name)
        if prefix is None:
            continue
        index, rest = prefix
        if len(rest) > _MAX_NAME_BYTES or len(value) > _MAX_VALUE_BYTES or b"\0" in rest:
            raise layer_invalid("an extended attribute is too long", name)
        body += XATTR_ENTRY.pack(len(rest), index, len(value)) + rest + value
        body += bytes(-len(body) % 4)
    if len(body) > _MAX_BODY_BYTES:
        raise layer_invalid("the extended attributes of a file are too long")
    return bytes(body) if len(body) > XATTR_HEADER_BYTES else b""


def decode(body: bytes) -> Iterator[Xattr]:
    """Read attributes back from the body of an inode."""
    names = {index: name for name, index in XATTR_PREFIXES}
    position = XATTR_HEADER_BYTES
    while position < len(body):
        name_length, index, value_length = XATTR_ENTRY.unpack_from(body, position)
        start = position + XATTR_ENTRY.size
        middle, end = start + name_length, start + name_length + value_length
        yield names[index] + body[start:middle], body[middle:end]
        position = end + -end % 4


def count_field(body: bytes) -> int:
    """Return what an inode's ``i_xattr_icount`` says about a body of this length."""
    return (len(body) - XATTR_HEADER_BYTES) // 4 + 1 if body else 0


def body_bytes(icount: int) -> int:
    """Return the length of the body that an ``i_xattr_icount`` announces."""
    return XATTR_HEADER_BYTES + 4 * (icount - 1) if icount else 0


def _split(name: bytes) -> tuple[int, bytes] | None:
    for prefix, index in XATTR_PREFIXES:
        exact = not prefix.endswith(b".")
        if name == prefix if exact else (name.startswith(prefix) and len(name) > len(prefix)):
            return index, name[len(prefix) :]
    return None
