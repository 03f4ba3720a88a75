"""Keep a stream in an unnamed file, so that it can be read again from anywhere."""

import asyncio
import tempfile
import zlib
from collections.abc import AsyncIterator, Callable
from os import SEEK_END
from pathlib import Path
from typing import IO, ParamSpec, Self, TypeVar

from strata_chassis.errors import InvalidArgument

P = ParamSpec("P")
T = TypeVar("T")

CHUNK_BYTES = 1 << 20
_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_WINDOW = 31  # zlib: a gzip header and trailer, the largest window


class Spool:
    """A file without a name, gone when it is closed; use it as a context manager."""

    def __init__(self, folder: Path) -> None:
        self.file: IO[bytes] = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed by __exit__

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    async def fill(self, chunks: AsyncIterator[bytes]) -> None:
        """Write all of a stream, inflated if it is gzip; InvalidArgument for a broken one."""
        inflater: _Inflater | None = None
        is_first = True
        async for chunk in chunks:
            if is_first and chunk:
                is_first = False
                inflater = _Inflater() if chunk.startswith(_GZIP_MAGIC) else None
            await asyncio.to_thread(self._write, chunk, inflater)
        self.file.flush()

    def _write(self, chunk: bytes, inflater: "_Inflater | None") -> None:
        self.file.write(inflater.feed(chunk) if inflater else chunk)

    async def read(self, offset: int, size_bytes: int) -> AsyncIterator[bytes]:
        """A range of the file in chunks."""
        end = offset + size_bytes
        while offset < end:
            chunk = await asyncio.to_thread(self._pread, min(CHUNK_BYTES, end - offset), offset)
            if not chunk:
                raise InvalidArgument("the archive ends in the middle of a member", reason="ARCHIVE_INVALID")
            offset += len(chunk)
            yield chunk

    async def whole(self) -> AsyncIterator[bytes]:
        """All of the file in chunks."""
        async for chunk in self.read(0, await asyncio.to_thread(self.file.seek, 0, SEEK_END)):
            yield chunk

    @staticmethod
    async def in_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do something with files that takes its time."""
        return await asyncio.to_thread(function, *args, **kwargs)

    def _pread(self, size_bytes: int, offset: int) -> bytes:
        self.file.seek(offset)
        return self.file.read(size_bytes)


class _Inflater:
    """Inflates gzip, however many members it has."""

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(_GZIP_WINDOW)

    def feed(self, data: bytes) -> bytes:
        result = b""
        try:
            while data:
                if self._inflate.eof:
                    self._inflate = zlib.decompressobj(_GZIP_WINDOW)
                result += self._inflate.decompress(data)
                data = self._inflate.unused_data
        except zlib.error as error:
            raise InvalidArgument(f"the archive is no valid gzip: {error}", reason="ARCHIVE_INVALID") from error
        return result
