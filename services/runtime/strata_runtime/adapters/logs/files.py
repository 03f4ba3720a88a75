"""Log files on disk: ``container.log``, and older ones with a number."""

import os
from collections.abc import Iterator
from pathlib import Path

from strata_runtime.adapters.logs.entries import LogEntry, parse_entry

_BLOCK_BYTES = 1 << 20


def log_files(path: Path) -> list[Path]:
    """All files of a log, oldest first."""
    older = [item for item in path.parent.glob(f"{path.name}.*") if item.suffix[1:].isdecimal()]
    ordered = sorted(older, key=lambda item: -int(item.suffix[1:]))
    return [*ordered, path] if path.exists() else ordered


def read_entries(path: Path, start: int = 0, end: int | None = None) -> Iterator[LogEntry]:
    """Whole records of one file between two offsets."""
    rest = b""
    left = -1 if end is None else end - start
    with path.open("rb", buffering=0) as file:
        file.seek(start)
        while left and (block := file.read(_BLOCK_BYTES if left < 0 else min(left, _BLOCK_BYTES))):
            left -= len(block) if left > 0 else 0
            *records, rest = (rest + block).split(b"\n")
            yield from (entry for record in records if (entry := parse_entry(record)) is not None)


def offset_of_tail(path: Path, lines: int) -> int:
    """Offset of the record that begins the last ``lines`` lines of a file; 0 if it has fewer."""
    if lines <= 0:
        return path.stat().st_size
    wanted = lines + 1  # the line before the first wanted one ends where that begins
    with path.open("rb", buffering=0) as file:
        position = file.seek(0, os.SEEK_END)
        tail = b""
        while position > 0:
            step = min(_BLOCK_BYTES, position)
            position -= step
            file.seek(position)
            tail = file.read(step) + tail
            ends = [offset for offset in _record_ends(tail) if _ends_line(tail, offset)]
            open_line = 0 if not ends or ends[-1] == len(tail) else 1
            if len(ends) + open_line >= wanted:
                return position + ends[-(wanted - open_line)]
    return 0


def _record_ends(data: bytes) -> Iterator[int]:
    offset = data.find(b"\n")
    while offset >= 0:
        yield offset + 1
        offset = data.find(b"\n", offset + 1)


def _ends_line(data: bytes, end: int) -> bool:
    """Whether the record that ends at ``end`` ends a line of output."""
    start = data.rfind(b"\n", 0, end - 1) + 1
    return data[start:end].split(b" ", 3)[2:3] == [b"F"]
