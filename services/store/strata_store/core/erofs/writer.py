"""Writes the EROFS image of a tree whose file data lies on other devices, or nowhere, piece by piece."""

import stat
import struct
from collections.abc import Callable, Iterator, Sequence
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
from strata_store.core.erofs.placement import FILE_SLOT, PlacedDirectory, Places, place_tree
from strata_store.core.inode import Inode

_IMAGE_ALIGNMENT = 4096
_PIECE_BYTES = 1 << 20
_FILE_PADDING = FILE_SLOT - INODE.size - CHUNK_INDEX.size
_FILE = struct.Struct(f"{INODE.format}{CHUNK_INDEX.format[1:]}{_FILE_PADDING}x")
_SECONDS_MASK = (1 << 64) - 1
_TYPE_BITS = 0o170000
_FORMAT_CHUNKED = LAYOUT_CHUNKED << 1 | EXTENDED
_FORMAT_PLAIN = LAYOUT_PLAIN << 1 | EXTENDED
_FORMAT_INLINE = LAYOUT_INLINE << 1 | EXTENDED


@dataclass(frozen=True, slots=True)
class Encoding:
    """How one kind of image stores files.

    ``body`` makes the encoded extended attributes of an inode, ``body_bytes`` tells their length, ``locate`` gives
    device and block of a regular file that is not empty.
    """

    body: Callable[[Inode], bytes]
    body_bytes: Callable[[Inode], int]
    locate: Callable[[Inode], tuple[int, int]]


def write_image(root: Inode, encoding: Encoding, device_sizes: Sequence[int], uuid: bytes) -> Iterator[bytes]:
    """Yield the image of ``root`` in order; ``device_sizes`` are the lengths of devices 1, 2 and so on, in bytes."""
    start = SUPERBLOCK_OFFSET + SUPERBLOCK.size + len(device_sizes) * DEVICE_SLOT_BYTES
    places = place_tree(root, start, encoding.body_bytes)
    try:
        yield from _joined(_parts(places, encoding, device_sizes, uuid))
    finally:
        places.forget()


def _joined(parts: Iterator[tuple[int, bytes]]) -> Iterator[bytes]:
    """Join parts, each with its offset, filling up with zeros between them."""
    position = size = 0
    piece: list[bytes] = []
    for offset, part in parts:
        if position < offset:
            piece.append(bytes(offset - position))
        piece.append(part)
        size += offset - position + len(part)
        position = offset + len(part)
        if size >= _PIECE_BYTES:
            yield b"".join(piece)
            piece, size = [], 0
    yield b"".join(piece)


def _parts(places: Places, encoding: Encoding, device_sizes: Sequence[int], uuid: bytes) -> Iterator[tuple[int, bytes]]:
    end = places.end + -places.end % _IMAGE_ALIGNMENT
    yield SUPERBLOCK_OFFSET, _superblock(places, end, len(device_sizes), uuid)
    for number, size in enumerate(device_sizes):
        slot = DEVICE_SLOT.pack(b"", blocks(size), 0)
        yield SUPERBLOCK_OFFSET + SUPERBLOCK.size + number * DEVICE_SLOT_BYTES, slot
    for number, inode in enumerate(places.inodes, start=1):
        if inode.size and stat.S_ISREG(inode.mode):
            yield inode.nid * NID_BYTES, _file(inode, number, encoding)
        else:
            data = places.blocks.get(id(inode), (0, inode.size))
            yield inode.nid * NID_BYTES, _other(inode, number, encoding.body(inode), data)
    for directory in places.directories:
        yield directory.block * BLOCK, _directory(directory)
    for inode in places.long_targets:
        yield places.blocks[id(inode)][0] * BLOCK, inode.target
    yield end, b""


def _superblock(places: Places, end: int, devices: int, uuid: bytes) -> bytes:
    incompat = INCOMPAT_CHUNKED_FILE | (INCOMPAT_DEVICE_TABLE if devices else 0)
    root, count = places.inodes[0].nid, len(places.inodes)
    table = (devices, FIRST_DEVICE_SLOT if devices else 0)
    fields = (MAGIC, 0, COMPAT_MTIME, BLOCK_BITS, 0, root, count, 0, 0, end // BLOCK, 0, 0)
    return SUPERBLOCK.pack(*fields, uuid, b"", incompat, 0, *table, 0, 0, 0, 0, 0)


def _file(inode: Inode, number: int, encoding: Encoding) -> bytes:
    device, block = encoding.locate(inode)
    body = encoding.body(inode)
    fields = (
        *(_FORMAT_CHUNKED, xattrs.count_field(body) if body else 0, inode.mode, 0, inode.size),
        *(CHUNK_INDEXES | chunk_bits(inode.size), number, inode.uid, inode.gid),
        *(inode.mtime_s & _SECONDS_MASK, inode.mtime_ns, inode.nlink, 0, 0),
    )
    if not body:
        return _FILE.pack(*fields, 0, device, block)
    padding = bytes(-len(body) % CHUNK_INDEX.size)
    return INODE.pack(*fields) + body + padding + CHUNK_INDEX.pack(0, device, block)


def _other(inode: Inode, number: int, body: bytes, data: tuple[int, int]) -> bytes:
    """Pack whatever has no data on a device; ``data`` is where directories and long targets have theirs."""
    block, size = data
    is_inline = bool(inode.target) and not block
    packed = INODE.pack(
        *(_FORMAT_INLINE if is_inline else _FORMAT_PLAIN, xattrs.count_field(body), inode.mode, 0, size),
        *(inode.rdev or block, number, inode.uid, inode.gid),
        *(inode.mtime_s & _SECONDS_MASK, inode.mtime_ns, inode.nlink, 0, 0),
    )
    return packed + body + inode.target if is_inline else packed + body


def _directory(directory: PlacedDirectory) -> bytes:
    entries = directory.inode.entries
    special = {b".": directory.inode, b"..": directory.parent}
    children = []
    for name in directory.names:
        child = entries.get(name) or special[name]
        children.append((child.nid, FILE_TYPES[child.mode & _TYPE_BITS]))
    return b"".join(directories.encode(directory.names, children, directory.counts))
