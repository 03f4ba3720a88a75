"""Bytes that arrive in the event loop, for a thread that works on them."""

import asyncio
import os
from collections.abc import Iterator
from queue import SimpleQueue

_WAITING_PIECES = 8
_READ_BYTES = 1 << 20

FileRange = tuple[int, int, int]
"""Descriptor, offset and length of bytes to read from a file."""


class Feed:
    """A bounded queue: ``put`` and ``end`` in the loop, iteration in the thread.

    A piece may be a range of a file, which the thread reads by itself. When the thread fails, whoever puts has to be
    cancelled: a task group does that.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._room = asyncio.Semaphore(_WAITING_PIECES)
        self._pieces: SimpleQueue[bytes | FileRange | BaseException | None] = SimpleQueue()

        self._descriptors: list[int] = []

    def adopt(self, descriptor: int) -> None:
        """Take over an open file that ranges are read from; ``close`` closes it."""
        self._descriptors.append(descriptor)

    def close(self) -> None:
        """Close the adopted files, after the thread has ended."""
        for descriptor in self._descriptors:
            os.close(descriptor)
        self._descriptors.clear()

    async def put(self, piece: bytes | FileRange) -> None:
        """Hand on the next bytes; waits while the thread is behind."""
        await self._room.acquire()
        self._pieces.put(piece)

    def end(self, error: BaseException | None = None) -> None:
        """Say that no more comes; with an ``error``, the thread gets that instead of the end."""
        self._pieces.put(error)

    def __iter__(self) -> Iterator[bytes]:
        while (piece := self._pieces.get()) is not None:
            if isinstance(piece, BaseException):
                raise piece
            yield from (piece,) if isinstance(piece, bytes) else _read(*piece)
            self._loop.call_soon_threadsafe(self._room.release)


def _read(descriptor: int, offset: int, length: int) -> Iterator[bytes]:
    while length > 0:
        data = os.pread(descriptor, min(length, _READ_BYTES), offset)
        if not data:
            raise EOFError("a local blob ends too early")
        yield data
        offset, length = offset + len(data), length - len(data)
