"""Reads back the images this package writes, and refuses any other."""

import stat
from collections.abc import Iterator

from strata_chassis.errors import DataLoss
from strata_store.core.erofs import xattrs
from strata_store.core.erofs.layout import (
    BLOCK,
    CHUNK_INDEX,
    DIRENT,
    INODE,
    LAYOUT_CHUNKED,
    LAYOUT_INLINE,
    MAGIC,
    NID_BYTES,
    SUPERBLOCK,
    SUPERBLOCK_OFFSET,
)
from strata_store.core.inode import Inode

_SIGN = 1 << 63
_SPECIAL = frozenset((b".", b".."))


class ImageReader:
    """Makes trees of the directories of an image; hardlinks come out as one Inode.

    Raises DataLoss (CONTENT_DAMAGED) for bytes that are not what the writer writes.
    """

    def __init__(self, image: bytes | memoryview) -> None:
        self._image = memoryview(image)
        self._inodes: dict[int, Inode] = {}
        try:
            fields = SUPERBLOCK.unpack_from(self._image, SUPERBLOCK_OFFSET)
        except ValueError:
            raise _damaged("it is too short") from None
        if fields[0] != MAGIC:
            raise _damaged("its magic number is wrong")
        self._root_nid = fields[5]

    def root(self) -> dict[bytes, int]:
        """Return the names in the root directory, with their node numbers."""
        return dict(self._names(self._root_nid))

    def tree(self, nid: int) -> Inode:
        """Read a directory and all below it."""
        top = self._inode(nid)
        pending = [(nid, top)]
        while pending:
            nid, directory = pending.pop()
            for name, child_nid in self._names(nid):
                child = self._inodes.get(child_nid)
                if child is None:
                    child = self._inode(child_nid)
                    if child.is_directory:
                        pending.append((child_nid, child))
                directory.entries[name] = child
        return top

    def _names(self, nid: int) -> Iterator[tuple[bytes, int]]:
        fields = INODE.unpack_from(self._image, nid * NID_BYTES)
        start, size = fields[5] * BLOCK, fields[4]
        if start + size > len(self._image) or not stat.S_ISDIR(fields[2]):
            raise _damaged("a directory is broken")
        for position in range(start, start + size, BLOCK):
            yield from self._block_names(bytes(self._image[position : min(position + BLOCK, start + size)]))

    def _block_names(self, block: bytes) -> Iterator[tuple[bytes, int]]:
        table = DIRENT.unpack_from(block, 0)[1]
        if table % DIRENT.size or not 0 < table <= len(block):
            raise _damaged("a directory is broken")
        entries = [*DIRENT.iter_unpack(block[:table])]
        ends = [entry[1] for entry in entries[1:]] + [len(block.rstrip(b"\0"))]
        for (nid, offset, _, _), end in zip(entries, ends, strict=True):
            name = block[offset:end]
            if name not in _SPECIAL:
                yield name, nid

    def _inode(self, nid: int) -> Inode:
        offset = nid * NID_BYTES
        layout, icount, mode, _, size, start, _, uid, gid, mtime_s, mtime_ns, nlink, _, _ = INODE.unpack_from(
            self._image, offset
        )
        mtime_s = mtime_s - 2 * _SIGN if mtime_s >= _SIGN else mtime_s
        inode = Inode(mode, uid, gid, mtime_s, mtime_ns, size, nlink=nlink)
        self._inodes[nid] = inode
        offset += INODE.size
        if icount:
            length = xattrs.body_bytes(icount)
            _restore(inode, bytes(self._image[offset : offset + length]))
            offset += length
        if stat.S_ISREG(mode):
            if layout >> 1 == LAYOUT_CHUNKED:
                _, inode.device, block = CHUNK_INDEX.unpack_from(self._image, offset + -offset % CHUNK_INDEX.size)
                inode.data_offset = block * BLOCK
        elif stat.S_ISLNK(mode):
            position = offset if layout >> 1 == LAYOUT_INLINE else start * BLOCK
            inode.target = bytes(self._image[position : position + size])
        elif stat.S_ISDIR(mode):
            inode.entries = {}
        else:
            inode.rdev = start
        return inode


def _restore(inode: Inode, body: bytes) -> None:
    """Take extended attributes apart into the image's own and those that are flags."""
    found = tuple(xattrs.decode(body))
    inode.opaque = xattrs.OPAQUE in found
    inode.implicit = xattrs.IMPLICIT in found
    inode.xattrs = xattrs.keep(found)


def _damaged(problem: str) -> DataLoss:
    return DataLoss(f"a stored index is damaged: {problem}", reason="CONTENT_DAMAGED")
