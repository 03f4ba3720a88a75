"""A file of a layer or of an image, as a value of the tree model."""

import stat
from collections.abc import Iterator
from dataclasses import dataclass, field

Extent = tuple[int, int]
"""Offset in a file and length of data there, in bytes; what lies between extents is a hole."""


_NOTHING: "dict[bytes, Inode]" = {}


def _no_entries() -> "dict[bytes, Inode]":
    return _NOTHING


@dataclass(slots=True, eq=False)
class Inode:
    """What a name points to; names that share one Inode are hardlinks of each other.

    ``mode`` has the type bits. ``xattrs`` are those of the image, never the ones overlayfs keeps for itself.
    ``digest`` names a regular file's content (see ``object_names``), ``data_offset`` is where its bytes begin on
    device ``device`` (0: nowhere, the file is empty). ``extents`` of a sparse file map its data, in order.
    ``entries`` of a directory are its own dict (``directory`` makes one); all else shares one that stays empty.
    ``implicit`` directories were never named by the tar: below them only what lower layers have counts.
    """

    mode: int
    uid: int = 0
    gid: int = 0
    mtime_s: int = 0
    mtime_ns: int = 0
    size: int = 0
    data_offset: int = 0
    device: int = 0
    digest: bytes | None = None
    nlink: int = 1
    rdev: int = 0
    target: bytes = b""
    xattrs: tuple[tuple[bytes, bytes], ...] = ()
    extents: tuple[Extent, ...] | None = None
    entries: "dict[bytes, Inode]" = field(default_factory=_no_entries)
    implicit: bool = False
    opaque: bool = False
    nid: int = 0

    @property
    def is_directory(self) -> bool:
        """Whether names can lie below it."""
        return stat.S_ISDIR(self.mode)

    @property
    def is_whiteout(self) -> bool:
        """Whether it hides the name in the layers below. Source: overlayfs, a character device 0:0."""
        return self.rdev == 0 and stat.S_ISCHR(self.mode)


def directory(mode: int = 0o755, *, implicit: bool = False) -> Inode:
    """Make an empty directory."""
    return Inode(stat.S_IFDIR | mode, entries={}, implicit=implicit)


def implicit_directory() -> Inode:
    """Make the directory that a name needs and no entry describes."""
    return directory(implicit=True)


def walk(root: Inode) -> Iterator[Inode]:
    """Yield every directory of a tree, each before those below it."""
    pending = [root]
    while pending:
        directory = pending.pop()
        yield directory
        pending.extend(child for child in directory.entries.values() if child.is_directory)
