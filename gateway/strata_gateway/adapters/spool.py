"""Keep a stream in an unnamed file, so that it can be read again from anywhere."""

import asyncio
import tempfile
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from os import SEEK_END
from pathlib import Path
from typing import IO, ParamSpec, Self, TypeVar

from strata_chassis.errors import InvalidArgument, ResourceExhausted

P = ParamSpec("P")
T = TypeVar("T")

CHUNK_BYTES = 1 << 20
_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_WINDOW = 31  # zlib: a gzip header and trailer, the largest window


@dataclass(frozen=True)
class SpoolFolder:
    """Where spooled files lie, and how large each may become: a few bytes of gzip make as many as they like."""

    path: Path
    limit_bytes: int = 1 << 40


class Spool:
    """A file without a name, gone when it is closed; use it as a context manager."""

    def __init__(self, folder: SpoolFolder) -> None:
        self.file: IO[bytes] = tempfile.TemporaryFile(dir=folder.path)  # noqa: SIM115 - closed by __exit__
        self._limit_bytes = folder.limit_bytes

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
        for piece in inflater.feed(chunk) if inflater else (chunk,):
            self.reserve(len(piece))
            self.file.write(piece)

    def reserve(self, size_bytes: int) -> None:
        """Make sure that so much more may be written. Raises ResourceExhausted."""
        if self.file.tell() + size_bytes > self._limit_bytes:
            raise ResourceExhausted(
                f"the archive is larger than {self._limit_bytes} bytes when it is unpacked"
                " (the gateway's setting spool_limit_bytes)",
                reason="ARCHIVE_TOO_LARGE",
                metadata={"limit_bytes": str(self._limit_bytes)},
            )

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

    def feed(self, data: bytes) -> Iterator[bytes]:
        """What ``data`` becomes, in pieces: a mebibyte of gzip may be a gibibyte of zeros."""
        try:
            is_full = False
            while data or is_full:
                if self._inflate.eof:
                    self._inflate = zlib.decompressobj(_GZIP_WINDOW)
                piece = self._inflate.decompress(data, CHUNK_BYTES)
                is_full = len(piece) == CHUNK_BYTES  # there may be more even though all of ``data`` was read
                data = self._inflate.unused_data or self._inflate.unconsumed_tail
                yield piece
        except zlib.error as error:
            raise InvalidArgument(f"the archive is no valid gzip: {error}", reason="ARCHIVE_INVALID") from error
