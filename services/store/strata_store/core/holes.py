"""Which bytes of a tar need not stay in it, and where else they are.

Files that are held elsewhere leave the tar in runs: from one that goes to the next, the headers and paddings between
them included, as far as nothing lies between that has to stay. What is cut out are whole blocks of the host's file
system. The headers are kept in a file of their own, so that the exact tar can be put together again.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

REST_DEVICE = 0
HOST_BLOCK = 4096
_MAX_GAP_BYTES = 32 * 1024  # between two files that go: their headers, and those of entries without data


@dataclass(frozen=True, slots=True)
class Hole:
    """Bytes that a tar does not hold: they are the same as those at ``source_offset`` of device ``device``."""

    offset: int
    length: int
    device: int
    source_offset: int

    @property
    def end(self) -> int:
        """Offset of the first byte after it."""
        return self.offset + self.length

    def clipped(self, start: int, end: int) -> "Hole | None":
        """Return the part of it between two offsets."""
        first, last = max(self.offset, start), min(self.end, end)
        if first >= last:
            return None
        return Hole(first, last - first, self.device, self.source_offset + first - self.offset)


def plan_holes(removable: Iterable[Hole], kept: Iterable[tuple[int, int]]) -> list[Hole]:
    """Plan the holes of a tar, in the order of their offsets.

    ``removable`` are bytes that are held elsewhere too, ``kept`` ranges (offset, length) that have to stay. What lies
    between two removable ones gets a hole of its own, whose source is the rest (device 0).
    """
    holes: list[Hole] = []
    rest = 0
    for run in _runs(removable, kept):
        start = run[0].offset + -run[0].offset % HOST_BLOCK
        end = run[-1].end // HOST_BLOCK * HOST_BLOCK
        made = list(_fill(run, start, end, rest))
        gaps = sum(hole.length for hole in made if hole.device == REST_DEVICE)
        if end - start > gaps:
            holes += made
            rest += gaps
    return holes


def _runs(removable: Iterable[Hole], kept: Iterable[tuple[int, int]]) -> Iterator[list[Hole]]:
    pieces: list[tuple[int, Hole | None]] = [(offset, None) for offset, _ in kept]
    pieces += [(hole.offset, hole) for hole in removable]
    run: list[Hole] = []
    for offset, hole in sorted(pieces, key=lambda piece: piece[0]):
        if run and (hole is None or offset - run[-1].end > _MAX_GAP_BYTES):
            yield run
            run = []
        if hole is not None:
            run.append(hole)
    if run:
        yield run


def _fill(run: list[Hole], start: int, end: int, rest: int) -> Iterator[Hole]:
    """Yield the pieces between two offsets without a gap."""
    position = start
    for hole in run:
        piece = hole.clipped(start, end)
        if piece is None:
            continue
        if position < piece.offset:
            yield Hole(position, piece.offset - position, REST_DEVICE, rest)
            rest += piece.offset - position
        yield piece
        position = piece.end
    if position < end:
        yield Hole(position, end - position, REST_DEVICE, rest)


def whole_ranges(holes: Iterable[Hole]) -> Iterator[tuple[int, int]]:
    """Join holes that touch: yields (offset, length) of what to cut out."""
    start = end = 0
    for hole in holes:
        if hole.offset != end:
            if start < end:
                yield start, end - start
            start = hole.offset
        end = hole.end
    if start < end:
        yield start, end - start
