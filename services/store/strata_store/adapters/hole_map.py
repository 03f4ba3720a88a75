"""The map of a tar's holes, kept beside it, and reading the exact tar through it."""

import os
import struct
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from strata_store.core.contents import TAR_DEVICE
from strata_store.core.holes import REST_DEVICE, Hole

HOLES = "layer.holes"
REST = "layer.rest"
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


def keep_rest(tar: int, directory: Path, holes: Sequence[Hole]) -> None:
    """Keep the bytes of holes that no device has, before they are cut out, and bring them to the disk."""
    if not any(hole.device == REST_DEVICE for hole in holes):
        return
    with (directory / REST).open("xb") as file:
        for hole in holes:
            if hole.device == REST_DEVICE:
                file.write(os.pread(tar, hole.length, hole.offset))
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
    rest = devices[0].with_name(REST)
    with ExitStack() as files:
        opened = {number: files.enter_context(path.open("rb")).fileno() for number, path in enumerate(devices, start=1)}
        if rest.exists():
            opened[REST_DEVICE] = files.enter_context(rest.open("rb")).fileno()
        for device, start, length in _pieces(holes, size, offset):
            yield from read_range(opened[device], start, length)


def _pieces(holes: Sequence[Hole], size: int, offset: int) -> Iterator[tuple[int, int, int]]:
    """Yield (device, start, length) of all that has to be read in order."""
    for hole in holes:
        if hole.end <= offset:
            continue
        if offset < hole.offset:
            yield TAR_DEVICE, offset, hole.offset - offset
            offset = hole.offset
        yield hole.device, hole.source_offset + offset - hole.offset, hole.end - offset
        offset = hole.end
    if offset < size:
        yield TAR_DEVICE, offset, size - offset


def read_range(descriptor: int, start: int, length: int) -> Iterator[bytes]:
    """Yield the bytes of a range of a file in pieces. Raises EOFError if they are not all there."""
    while length > 0:
        data = os.pread(descriptor, min(length, _CHUNK_BYTES), start)
        if not data:
            raise EOFError(f"a stored tar ends at {start}")
        yield data
        start, length = start + len(data), length - len(data)
