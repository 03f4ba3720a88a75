"""The map of a tar's holes, kept beside it, and reading the exact tar through it."""

import os
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

from strata_store.core.contents import Hole

HOLES = "layer.holes"
_RECORD = struct.Struct("<QQIQ")
_CHUNK_BYTES = 1 << 20


def write(directory: Path, holes: Sequence[Hole]) -> None:
    """Keep a map, if there is anything in it, and bring it to the disk."""
    if not holes:
        return
    with (directory / HOLES).open("xb") as file:
        for hole in holes:
            file.write(_RECORD.pack(hole.offset, hole.length, hole.device, hole.source_offset))
        file.flush()
        os.fsync(file.fileno())


def read(directory: Path) -> list[Hole]:
    """Return the holes in the order of their offsets; none where there is no map."""
    path = directory / HOLES
    return [Hole(*fields) for fields in _RECORD.iter_unpack(path.read_bytes())] if path.exists() else []


def read_tar(devices: Sequence[Path], holes: Sequence[Hole], size: int, offset: int = 0) -> Iterator[bytes]:
    """Yield the exact bytes of a tar from ``offset`` on.

    ``devices`` are the index's devices in order, the tar itself first.
    """
    descriptors = [os.open(path, os.O_RDONLY | os.O_CLOEXEC) for path in devices]
    try:
        for descriptor, start, length in _pieces(descriptors, holes, size, offset):
            yield from read_range(descriptor, start, length)
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


def _pieces(
    descriptors: Sequence[int], holes: Sequence[Hole], size: int, offset: int
) -> Iterator[tuple[int, int, int]]:
    """Yield (descriptor, start, length) of all that has to be read in order."""
    for hole in holes:
        end = hole.offset + hole.length
        if end <= offset:
            continue
        if offset < hole.offset:
            yield descriptors[0], offset, hole.offset - offset
            offset = hole.offset
        yield descriptors[hole.device - 1], hole.source_offset + offset - hole.offset, end - offset
        offset = end
    if offset < size:
        yield descriptors[0], offset, size - offset


def read_range(descriptor: int, start: int, length: int) -> Iterator[bytes]:
    """Yield the bytes of a range of a file in pieces. Raises EOFError if they are not all there."""
    while length > 0:
        data = os.pread(descriptor, min(length, _CHUNK_BYTES), start)
        if not data:
            raise EOFError(f"a stored tar ends at {start}")
        yield data
        start, length = start + len(data), length - len(data)
