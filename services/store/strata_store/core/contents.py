"""The contents of a layer's files, and which of them need not be stored again.

A content that an older layer holds is *borrowed*: the new index points to the older layer's tar, the donor, and the
new tar gets a hole. A second copy inside the layer becomes a hole as well, and so do sparse files, which are laid out
on a device of their own.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from strata_store.core.holes import HOST_BLOCK, Hole, plan_holes
from strata_store.core.inode import Inode, walk
from strata_store.core.layer_errors import layer_invalid

TAR_DEVICE = 1
SPARSE_DEVICE = 2
_MAX_DONORS = 6
_MIN_DONATION_BYTES = 64 * 1024
_MAX_SPARSE_BYTES = 1 << 40


@dataclass(frozen=True, slots=True)
class Place:
    """Where a committed layer holds a content: in its tar, at an offset."""

    layer: int
    offset: int


class Contents:
    """All contents of one tree: ``first`` has one file for each, ``copies`` every place where the tar repeats them."""

    def __init__(self, tree: Inode) -> None:
        self.tree = tree
        self.first: dict[bytes, Inode] = {}
        self.copies: list[tuple[int, int, bytes]] = []
        self.bytes = 0
        seen: set[int] = set()
        for inode in _files(tree):
            if inode.digest is None or id(inode) in seen:
                continue
            if inode.nlink > 1:
                seen.add(id(inode))
            self.bytes += inode.size
            first = self.first.setdefault(inode.digest, inode)
            if inode.extents is None:
                self.copies.append((inode.data_offset, inode.size, inode.digest))
            inode.data_offset = first.data_offset

    def plain(self) -> Iterator[tuple[bytes, Inode]]:
        """Yield the contents that lie in the layer's own tar as they are, and so can be lent to others."""
        for digest, inode in self.first.items():
            if inode.device == TAR_DEVICE and inode.extents is None:
                yield digest, inode

    def sparse(self) -> list[Inode]:
        """Return one sparse file of each content."""
        return [inode for inode in self.first.values() if inode.extents is not None]

    def move(self, places: Mapping[bytes, tuple[int, int]]) -> None:
        """Let files read their contents elsewhere: {digest: (device, offset)}."""
        if not places:
            return
        for inode in _files(self.tree):
            place = None if inode.digest is None else places.get(inode.digest)
            if place is not None:
                inode.device, inode.data_offset = place


def choose_donors(contents: Contents, known: Mapping[bytes, Place]) -> tuple[tuple[int, ...], dict[bytes, Place]]:
    """Choose whom to borrow from: the layers that save most, few, and none for crumbs.

    Each donor is one more mount under every image that has the layer. Returns the donors and what each content is
    borrowed from.
    """
    donations: dict[int, int] = defaultdict(int)
    for digest, place in known.items():
        donations[place.layer] += contents.first[digest].size
    worthy = [layer for layer, size in donations.items() if size >= _MIN_DONATION_BYTES]
    donors = tuple(sorted(sorted(worthy, key=lambda layer: -donations[layer])[:_MAX_DONORS]))
    chosen = frozenset(donors)
    return donors, {digest: place for digest, place in known.items() if place.layer in chosen}


def plan_tar(
    contents: Contents, borrowed: Mapping[bytes, tuple[int, int]], sparse: Mapping[bytes, tuple[int, int]]
) -> list[Hole]:
    """Plan the holes of a layer's tar.

    ``borrowed`` gives device and offset of contents that donors hold, ``sparse`` those of sparse files on the device
    where they are laid out.
    """
    removable, kept = [], []
    for offset, size, digest in contents.copies:
        first = contents.first[digest].data_offset
        source = borrowed.get(digest) or ((TAR_DEVICE, first) if first != offset else None)
        if source is None:
            kept.append((offset, size))
        else:
            removable.append(Hole(offset, size, *source))
    for inode in contents.sparse():
        device, place = sparse[inode.digest or b""]
        position = inode.data_offset
        for offset, length in inode.extents or ():
            removable.append(Hole(position, length, device, place + offset))
            position += length
    return plan_holes(removable, kept)


def plan_trim(kept: Iterable[tuple[int, int]], size: int) -> list[tuple[int, int]]:
    """Return the ranges (offset, length) of a tar that hold nothing of ``kept``, whole blocks only."""
    ranges: list[tuple[int, int]] = []
    position = 0
    for offset, length in [*sorted(kept), (size, 0)]:
        start = position + -position % HOST_BLOCK
        end = offset // HOST_BLOCK * HOST_BLOCK
        if start < end:
            ranges.append((start, end - start))
        position = max(position, offset + length)
    return ranges


def place_sparse(files: Iterable[Inode]) -> tuple[dict[bytes, tuple[int, int]], int]:
    """Give sparse files their places on a device of their own: ({digest: (device, offset)}, length of the device)."""
    places: dict[bytes, tuple[int, int]] = {}
    end = 0
    for inode in files:
        if inode.digest is not None:
            places[inode.digest] = (SPARSE_DEVICE, end)
            end += inode.size + -inode.size % HOST_BLOCK
    if end > _MAX_SPARSE_BYTES:
        raise layer_invalid("its sparse files are too large", bytes=end)
    return places, end


def _files(tree: Inode) -> Iterator[Inode]:
    for directory in walk(tree):
        yield from directory.entries.values()
