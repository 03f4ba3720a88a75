"""A file that grows by verified steps: bytes are appended and hashed in a thread, so the event loop stays free."""

import asyncio
import hashlib
import os
from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path

from strata_oci.digest import Digest

_PIECE_BYTES = 1 << 20
_AT_ONCE_BYTES = 256 << 10  # a fraction of a millisecond


class Appender:
    """Appends to a file and knows the digest of all of it, including what a former process wrote.

    Use by one task at a time. Not thread-safe; every method runs its work in ``executor``.
    """

    def __init__(self, path: Path, algorithm: str, executor: Executor) -> None:
        self.path = path
        self.algorithm = algorithm
        self._executor = executor
        self._hash = hashlib.new(algorithm)
        self._fd = -1
        self.size = 0

    async def open(self) -> int:
        """Open or create the file, hash what is there, and return its length."""
        self._fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o640)
        if os.fstat(self._fd).st_size:
            await self._run(self._hash_all)
        return self.size

    async def append(self, piece: bytes) -> None:
        """Append and hash; after that the bytes can be read by anyone who has the file open.

        The first, small piece is taken without a thread: whoever waits for the first byte waits for no hand-over.
        """
        if self.size == 0 and len(piece) <= _AT_ONCE_BYTES:
            self._append(piece)
        else:
            await self._run(self._append, piece)

    async def sync(self) -> None:
        """Force the bytes to the disk."""
        await self._run(os.fdatasync, self._fd)

    def digest(self) -> Digest:
        """Return the digest of the file so far."""
        return Digest(self.algorithm, self._hash.hexdigest())

    def close(self) -> None:
        """Close the file; may be called twice."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    async def _run(self, function: Callable[..., None], *arguments: object) -> None:
        """Run in a thread; a cancelled caller waits for the thread, which must not outlive the file's descriptor."""
        work = asyncio.get_running_loop().run_in_executor(self._executor, function, *arguments)
        try:
            await asyncio.shield(work)
        except asyncio.CancelledError:
            await asyncio.wait([work])
            raise

    def _hash_all(self) -> None:
        while piece := os.pread(self._fd, _PIECE_BYTES, self.size):
            self._hash.update(piece)
            self.size += len(piece)

    def _append(self, piece: bytes) -> None:
        _write_all(self._fd, piece, self.size)
        self._hash.update(piece)
        self.size += len(piece)


def _write_all(fd: int, data: bytes, offset: int) -> None:
    """Write at an offset until all is written (a full disk may take a part before it refuses)."""
    view = memoryview(data)
    while view:
        written = os.pwrite(fd, view, offset)
        view, offset = view[written:], offset + written
