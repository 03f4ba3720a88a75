"""A container's log in the CRI format, with rotation by size.

``<RFC 3339 time, nanoseconds> stdout|stderr F|P <text>``: F ends a line, P is a part of one. Source: Kubernetes,
CRI "log format".
"""

import contextlib
import os
import time
from pathlib import Path

from strata_runtime.launcher import places


def encode(stream: bytes, chunk: bytes, now_ns: int) -> bytes:
    """Log records of one chunk of output; a last line without an end is written as a part at once."""
    seconds, nanoseconds = divmod(now_ns, 1_000_000_000)
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    head = b"%s.%09dZ %s " % (stamp.encode(), nanoseconds, stream)
    full, part = head + b"F ", head + b"P "
    lines, newline, rest = chunk.rpartition(b"\n")
    whole = full + lines.replace(b"\n", b"\n" + full) + b"\n" if newline else b""  # one pass, however short the lines
    return whole + (part + rest + b"\n" if rest else b"")


class LogFile:
    """Appends records; at ``max_bytes`` the file is renamed to ``.1`` and so on, ``max_files`` in all."""

    __slots__ = ("_fd", "_max_bytes", "_max_files", "_path", "generation", "lost_bytes", "offset")

    def __init__(self, path: Path, max_bytes: int = 0, max_files: int = 1) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._max_files = max(1, max_files)
        self.generation = 0
        self.lost_bytes = 0
        self._open(os.O_APPEND)

    def append(self, stream: bytes, chunk: bytes) -> None:
        """Write one chunk. A full disk loses the chunk, never the container."""
        records = encode(stream, chunk, time.time_ns())
        if self._max_bytes and self.offset and self.offset + len(records) > self._max_bytes:
            self._rotate()
        try:
            self.offset += os.write(self._fd, records)
        except OSError:
            self.lost_bytes += len(chunk)

    def close(self) -> None:
        """Give the descriptor back."""
        os.close(self._fd)

    def _open(self, flags: int) -> None:
        """Open in a directory that is ours: elsewhere the file could be anybody's choice. Raises NotOurs, OSError."""
        directory = places.open_own(self._path.parent)
        try:
            flags |= os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            self._fd = os.open(self._path.name, flags, 0o640, dir_fd=directory)
        finally:
            os.close(directory)
        self.offset = os.fstat(self._fd).st_size

    def _rotate(self) -> None:
        os.close(self._fd)
        for number in range(self._max_files - 1, 0, -1):
            older = self._path.with_name(f"{self._path.name}.{number}")
            newer = self._path if number == 1 else self._path.with_name(f"{self._path.name}.{number - 1}")
            with contextlib.suppress(FileNotFoundError):
                newer.rename(older)
        self._open(os.O_APPEND | (os.O_TRUNC if self._max_files == 1 else 0))
        self.generation += 1
