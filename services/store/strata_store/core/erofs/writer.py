"""Writes the EROFS image of a tree whose file data lies on other devices, or nowhere.

First every file gets its place, then everything is packed: a directory needs its children's node numbers, and they
the lengths of all that comes before. Layout: superblock, device table, inodes, then the blocks of directories and
long symbolic links.
"""

import stat
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from strata_store.core.erofs import directories, xattrs
from strata_store.core.erofs.layout import (
    BLOCK,
    BLOCK_BITS,
    CHUNK_INDEX,
    CHUNK_INDEXES,
    COMPAT_MTIME,
    DEVICE_SLOT,
    DEVICE_SLOT_BYTES,
    EXTENDED,
    FILE_TYPES,
    FIRST_DEVICE_SLOT,
    INCOMPAT_CHUNKED_FILE,
    INCOMPAT_DEVICE_TABLE,
    INODE,
    LAYOUT_CHUNKED,
    LAYOUT_INLINE,
    LAYOUT_PLAIN,
    MAGIC,
    NID_BYTES,
    SUPERBLOCK,
    SUPERBLOCK_OFFSET,
    blocks,
    chunk_bits,
)
from strata_store.core.inode import Inode

_IMAGE_ALIGNMENT = 4096
_MAX_INLINE_TARGET = 448
_FILE_BYTES = INODE.size + CHUNK_INDEX.size
_FILE_SLOT = _FILE_BYTES + -_FILE_BYTES % NID_BYTES
_FILE = struct.Struct(INODE.format + CHUNK_INDEX.format[1:])
_SECONDS_MASK = (1 << 64) - 1
_TYPE_OF = {kind: FILE_TYPES[kind] for kind in FILE_TYPES}
_FORMAT_CHUNKED = LAYOUT_CHUNKED << 1 | EXTENDED
_FORMAT_PLAIN = LAYOUT_PLAIN << 1 | EXTENDED
_FORMAT_INLINE = LAYOUT_INLINE << 1 | EXTENDED


@dataclass(frozen=True, slots=True)
class Encoding:
    """How one kind of image stores files: the body of extended attributes, and where the data is.

    ``locate`` gives device and block of a regular file that is not empty.
    """

    body: Callable[[Inode], bytes]
    locate: Callable[[Inode], tuple[int, int]]


@dataclass(slots=True)
class _Directory:
    inode: Inode
    parent: Inode
    names: list[bytes]
    counts: list[int]
    size: int
    block: int = 0


def write_image(root: Inode, encoding: Encoding, device_sizes: Sequence[int], uuid: bytes) -> bytearray:
    """Build the image of ``root``; ``device_sizes`` are the lengths of devices 1, 2 and so on, in bytes.

    Directories get their link counts here; all other inodes keep the one they have.
    """
    writer = _Writer(encoding, len(device_sizes))
    try:
        writer.place_tree(root)
        return writer.pack(root, device_sizes, uuid)
    finally:
        writer.forget_places()


class _Writer:
    def __init__(self, encoding: Encoding, devices: int) -> None:
        self._encoding = encoding
        self._offset = SUPERBLOCK_OFFSET + SUPERBLOCK.size + devices * DEVICE_SLOT_BYTES
        self._placed: list[tuple[Inode, bytes]] = []
        self._directories: list[_Directory] = []
        self._long_targets: list[Inode] = []

    # First pass: places.

    def place_tree(self, root: Inode) -> None:
        self._place(root)
        pending = [(root, root)]
        while pending:
            directory, parent = pending.pop()
            entries = directory.entries
            names = sorted([*entries, b".", b".."])
            counts, size = directories.split(names)
            self._directories.append(_Directory(directory, parent, names, counts, size))
            subdirectories = 0
            for child in entries.values():
                if not child.nid:
                    self._place(child)
                if child.entries or child.is_directory:
                    subdirectories += 1
                    pending.append((child, directory))
            directory.nlink = 2 + subdirectories

    def _place(self, inode: Inode) -> None:
        """Give an inode its offset; the target of a symbolic link must not cross a block."""
        body = self._encoding.body(inode)
        offset = self._offset
        if inode.target:
            tail = len(inode.target) if len(inode.target) <= _MAX_INLINE_TARGET else 0
            head = INODE.size + len(body)
            while tail and (offset + head) % BLOCK + tail > BLOCK:
                offset += NID_BYTES
            if not tail:
                self._long_targets.append(inode)
            end = offset + head + tail
        elif body:
            end = offset + INODE.size + len(body)
            end += -end % CHUNK_INDEX.size + CHUNK_INDEX.size
        else:
            end = offset + _FILE_SLOT
        inode.nid = offset // NID_BYTES
        self._placed.append((inode, body))
        self._offset = end + -end % NID_BYTES

    def forget_places(self) -> None:
        for inode, _ in self._placed:
            inode.nid = 0

    # Second pass: bytes.

    def pack(self, root: Inode, device_sizes: Sequence[int], uuid: bytes) -> bytearray:
        starts, end = self._place_blocks()
        image = bytearray(end + -end % _IMAGE_ALIGNMENT)
        self._pack_superblock(image, root, device_sizes, uuid)
        for number, (inode, body) in enumerate(self._placed, start=1):
            if stat.S_ISREG(inode.mode) and inode.size:
                self._pack_file(image, inode, body, number)
            else:
                self._pack_other(image, inode, body, number, starts.get(id(inode), (0, inode.size)))
        for directory in self._directories:
            self._pack_directory(image, directory)
        for inode in self._long_targets:
            start = starts[id(inode)][0] * BLOCK
            image[start : start + inode.size] = inode.target
        return image

    def _place_blocks(self) -> tuple[dict[int, tuple[int, int]], int]:
        """Give directories and long targets their blocks: ({id of inode: (first block, bytes)}, end of image)."""
        block = blocks(self._offset)
        starts: dict[int, tuple[int, int]] = {}
        for directory in self._directories:
            directory.block = block
            starts[id(directory.inode)] = (block, directory.size)
            block += len(directory.counts)
        for inode in self._long_targets:
            starts[id(inode)] = (block, inode.size)
            block += blocks(inode.size)
        return starts, block * BLOCK

    def _pack_superblock(self, image: bytearray, root: Inode, device_sizes: Sequence[int], uuid: bytes) -> None:
        incompat = INCOMPAT_CHUNKED_FILE | (INCOMPAT_DEVICE_TABLE if device_sizes else 0)
        fields = (MAGIC, 0, COMPAT_MTIME, BLOCK_BITS, 0, root.nid, len(self._placed), 0, 0, len(image) // BLOCK, 0, 0)
        devices = (len(device_sizes), FIRST_DEVICE_SLOT if device_sizes else 0)
        SUPERBLOCK.pack_into(image, SUPERBLOCK_OFFSET, *fields, uuid, b"", incompat, 0, *devices, 0, 0, 0, 0, 0)
        offset = SUPERBLOCK_OFFSET + SUPERBLOCK.size
        for size in device_sizes:
            DEVICE_SLOT.pack_into(image, offset, b"", blocks(size), 0)
            offset += DEVICE_SLOT_BYTES

    def _pack_file(self, image: bytearray, inode: Inode, body: bytes, number: int) -> None:
        offset = inode.nid * NID_BYTES
        device, block = self._encoding.locate(inode)
        fields = (
            *(_FORMAT_CHUNKED, xattrs.count_field(body) if body else 0, inode.mode, 0, inode.size),
            *(CHUNK_INDEXES | chunk_bits(inode.size), number, inode.uid, inode.gid),
            *(inode.mtime_s & _SECONDS_MASK, inode.mtime_ns, inode.nlink, 0, 0),
        )
        if not body:
            _FILE.pack_into(image, offset, *fields, 0, device, block)
            return
        INODE.pack_into(image, offset, *fields)
        offset += INODE.size
        image[offset : offset + len(body)] = body
        offset += len(body)
        CHUNK_INDEX.pack_into(image, offset + -offset % CHUNK_INDEX.size, 0, device, block)

    def _pack_other(self, image: bytearray, inode: Inode, body: bytes, number: int, data: tuple[int, int]) -> None:
        offset = inode.nid * NID_BYTES
        block, size = data
        is_inline = bool(inode.target) and not block
        INODE.pack_into(
            *(image, offset, _FORMAT_INLINE if is_inline else _FORMAT_PLAIN, xattrs.count_field(body)),
            *(inode.mode, 0, size, inode.rdev or block, number, inode.uid, inode.gid),
            *(inode.mtime_s & _SECONDS_MASK, inode.mtime_ns, inode.nlink, 0, 0),
        )
        tail = body + inode.target if is_inline else body
        image[offset + INODE.size : offset + INODE.size + len(tail)] = tail

    def _pack_directory(self, image: bytearray, directory: _Directory) -> None:
        entries = directory.inode.entries
        special = {b".": directory.inode, b"..": directory.parent}
        children = []
        for name in directory.names:
            child = entries.get(name) or special[name]
            children.append((child.nid, _TYPE_OF[child.mode & 0o170000]))
        position = directory.block * BLOCK
        encoded = b"".join(directories.encode(directory.names, children, directory.counts))
        image[position : position + len(encoded)] = encoded
