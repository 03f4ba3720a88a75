"""Where everything of an image goes: a directory needs its children's node numbers before it can be written.

Inodes come first, in the order of a walk, then the blocks of directories and of long symbolic links.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from strata_store.core.erofs import directories
from strata_store.core.erofs.layout import BLOCK, CHUNK_INDEX, INODE, NID_BYTES, blocks
from strata_store.core.inode import Inode

MAX_INLINE_TARGET = 448
FILE_SLOT = INODE.size + CHUNK_INDEX.size + -(INODE.size + CHUNK_INDEX.size) % NID_BYTES


@dataclass(slots=True)
class PlacedDirectory:
    """A directory with its sorted names, how they share out to blocks, and the first of these."""

    inode: Inode
    parent: Inode
    names: list[bytes]
    counts: list[int]
    size: int
    block: int = 0


@dataclass(slots=True)
class Places:
    """The plan of an image. Each inode's ``nid`` holds its place until ``forget``."""

    inodes: list[Inode] = field(default_factory=list)
    directories: list[PlacedDirectory] = field(default_factory=list)
    long_targets: list[Inode] = field(default_factory=list)
    blocks: dict[int, tuple[int, int]] = field(default_factory=dict)
    """First block and bytes of directories and long targets, by id of their inode."""
    end: int = 0

    def forget(self) -> None:
        """Let the inodes be placed again, in another image."""
        for inode in self.inodes:
            inode.nid = 0


def place_tree(root: Inode, start: int, body_bytes: Callable[[Inode], int]) -> Places:
    """Place a tree from offset ``start`` on; ``body_bytes`` tells how long an inode's extended attributes are.

    Directories get their link counts here; all other inodes keep the one they have.
    """
    places = Places()
    offset = _place(root, start, body_bytes(root), places)
    pending = [(root, root)]
    while pending:
        directory, parent = pending.pop()
        names = sorted([*directory.entries, b".", b".."])
        counts, size = directories.split(names)
        places.directories.append(PlacedDirectory(directory, parent, names, counts, size))
        subdirectories = 0
        for child in directory.entries.values():
            if not child.nid:
                offset = _place(child, offset, body_bytes(child), places)
            if child.is_directory:
                subdirectories += 1
                pending.append((child, directory))
        directory.nlink = 2 + subdirectories
    _place_blocks(places, blocks(offset))
    return places


def _place(inode: Inode, offset: int, body: int, places: Places) -> int:
    """Give an inode its offset, and return that of the next; an inline target must not cross a block."""
    if inode.target:
        tail = len(inode.target)
        if tail > MAX_INLINE_TARGET:
            places.long_targets.append(inode)
            tail = 0
        head = INODE.size + body
        while tail and (offset + head) % BLOCK + tail > BLOCK:
            offset += NID_BYTES
        end = offset + head + tail
    elif body:
        end = offset + INODE.size + body
        end += -end % CHUNK_INDEX.size + CHUNK_INDEX.size
    else:
        end = offset + FILE_SLOT
    inode.nid = offset // NID_BYTES
    places.inodes.append(inode)
    return end + -end % NID_BYTES


def _place_blocks(places: Places, block: int) -> None:
    for directory in places.directories:
        directory.block = block
        places.blocks[id(directory.inode)] = (block, directory.size)
        block += len(directory.counts)
    for inode in places.long_targets:
        places.blocks[id(inode)] = (block, inode.size)
        block += blocks(inode.size)
    places.end = block * BLOCK
