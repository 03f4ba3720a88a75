"""Reading a blob, whole or still on its way."""

import asyncio
import os
from concurrent.futures import Executor
from pathlib import Path

from strata_chassis.errors import OutOfRange
from strata_registry.adapters.cache.download import Download


class BlobReader:
    """An open blob; belongs to whoever entered ``BlobCache.open`` and ends with that block.

    ``path`` may be opened by others while the block lasts. ``was_cached`` tells whether the blob was whole when it was
    opened, ``served_bytes`` what went out (those who send from ``fd`` or ``path`` add it).
    """

    def __init__(self, path: Path, size: int | None, download: Download | None, executor: Executor) -> None:
        self.path = path
        self._size = size
        self._download = download
        self._executor = executor
        self.was_cached = download is None
        self.served_bytes = 0
        self.fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)

    @property
    def size(self) -> int | None:
        """Length of the whole blob; None while nobody knows it."""
        return self._size if self._download is None else self._download.size

    @property
    def is_verified(self) -> bool:
        """Tell whether all bytes are here and are right."""
        return self._download is None or self._download.is_verified

    @property
    def readable_bytes(self) -> int:
        """Count the bytes that can be read by now, from the start."""
        return (self._size or 0) if self._download is None else self._download.readable_bytes

    async def reach(self, offset: int) -> int:
        """Wait for bytes beyond ``offset`` or the verified end; return ``readable_bytes``.

        Raises what ended the transfer.
        """
        return self.readable_bytes if self._download is None else await self._download.reach(offset)

    async def read(self, offset: int, most_bytes: int) -> bytes:
        """Return up to ``most_bytes`` from ``offset``, waiting for the first of them; nothing at the verified end.

        Raises what ended the transfer; OutOfRange for an offset beyond the end.
        """
        readable = await self.reach(offset)
        if offset > readable and self.is_verified:
            raise OutOfRange(
                f"offset {offset} is beyond the blob's end at {readable}",
                reason="OFFSET_INVALID",
                metadata={"offset": str(offset), "size": str(readable)},
            )
        length = min(most_bytes, readable - offset)
        if length <= 0:
            return b""
        self.served_bytes += length
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, os.pread, self.fd, length, offset)

    async def whole_size(self) -> int:
        """Wait until the blob is here, whole and right; return its length. Raises what ended the transfer."""
        reached = self.readable_bytes
        while not self.is_verified:
            reached = await self.reach(reached)
        return self.readable_bytes

    async def read_whole(self, limit_bytes: int) -> bytes:
        """Return all of a small blob. Raises OutOfRange for a larger one, and what ended the transfer."""
        pieces: list[bytes] = []
        position = 0
        while piece := await self.read(position, limit_bytes + 1):
            pieces.append(piece)
            position += len(piece)
            if position > limit_bytes:
                raise OutOfRange(f"the blob is larger than {limit_bytes} bytes", reason="BLOB_TOO_LARGE")
        return b"".join(pieces)

    def close(self) -> None:
        """Close the file."""
        os.close(self.fd)
