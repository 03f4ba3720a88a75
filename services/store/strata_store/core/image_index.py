"""META, the merged index of one image: all metadata, no data.

Each file that is not empty says by ``trusted.overlay.metacopy`` that its data is elsewhere, and by
``trusted.overlay.redirect`` under which digest overlayfs finds it in the data-only layers, the layers' indexes.
So equal files of different images are one file to the page cache.
"""

from collections.abc import Iterator

from strata_store.core.erofs import xattrs
from strata_store.core.erofs.layout import NULL_BLOCK
from strata_store.core.erofs.writer import Encoding, write_image
from strata_store.core.inode import Inode
from strata_store.core.object_names import object_path


def _body(inode: Inode) -> bytes:
    if inode.digest is not None:
        data = (xattrs.METACOPY, xattrs.redirect(object_path(inode.digest)))
        return xattrs.encode((*xattrs.keep(inode.xattrs), *data)) if inode.xattrs else _encode_data(inode.digest)
    return xattrs.encode(xattrs.keep(inode.xattrs)) if inode.xattrs else b""


def _encode_data(digest: bytes) -> bytes:
    """Encode the two attributes of a file that has no others: most files, so most of the time."""
    digits = digest.hex().encode()
    return b"%b%b/%b%b" % (_PREFIX, digits[:2], digits[2:], _PADDING)


def _split_sample() -> tuple[bytes, bytes]:
    digest = bytes(32)
    body = xattrs.encode((xattrs.METACOPY, xattrs.redirect(object_path(digest))))
    start = body.index(b"/.obj/") + len(b"/.obj/")
    return body[:start], body[start + 2 * len(digest) + 1 :]


_PREFIX, _PADDING = _split_sample()
_DATA_BODY_BYTES = len(_encode_data(bytes(32)))


def _body_bytes(inode: Inode) -> int:
    if inode.xattrs:
        return len(_body(inode))
    return 0 if inode.digest is None else _DATA_BODY_BYTES


_ENCODING = Encoding(_body, _body_bytes, lambda _: (0, NULL_BLOCK))


def write_image_index(merged: Inode, uuid: bytes) -> Iterator[bytes]:
    """Yield META, made from the merged tree of an image's layers."""
    return write_image(merged, _ENCODING, (), uuid)
