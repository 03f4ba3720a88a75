"""Directory blocks of EROFS: fixed entries first, then their names, sorted by bytes."""

from collections.abc import Iterator, Sequence

from strata_store.core.erofs.layout import BLOCK, DIRENT

Child = tuple[int, int]
"""Node number and file type of what a name points to."""


def split(names: Sequence[bytes]) -> tuple[list[int], int]:
    """Share sorted names out to blocks: (number of names in each block, bytes of the whole directory)."""
    counts: list[int] = []
    count, used = 0, 0
    overhead = DIRENT.size
    for name in names:
        need = overhead + len(name)
        if used + need > BLOCK:
            counts.append(count)
            count, used = 0, 0
        count += 1
        used += need
    counts.append(count)
    return counts, (len(counts) - 1) * BLOCK + used


def encode(names: Sequence[bytes], children: Sequence[Child], counts: Sequence[int]) -> Iterator[bytes]:
    """Encode the blocks that ``split`` planned, each filled up with zeros."""
    start = 0
    pack = DIRENT.pack
    for count in counts:
        end = start + count
        offset = DIRENT.size * count
        parts = []
        for name, (nid, kind) in zip(names[start:end], children[start:end], strict=True):
            parts.append(pack(nid, offset, kind, 0))
            offset += len(name)
        parts += names[start:end]
        yield b"".join(parts).ljust(BLOCK, b"\0")
        start = end
