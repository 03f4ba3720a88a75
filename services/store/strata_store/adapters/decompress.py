"""Layers' compressions, as generators from chunks to blocks of bounded size: a bomb costs time, never memory."""

from collections.abc import Iterable, Iterator
from typing import IO, cast

import zstandard
from isal import igzip_lib

from strata_chassis.errors import InvalidArgument

BLOCK_BYTES = 512 * 1024  # stays in the L2 cache between inflating, hashing and writing
_ISAL_ERROR = cast("type[Exception]", igzip_lib.IsalError)  # its stubs call it an object
_GZIP_MAGIC = b"\x1f\x8b"
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_ZSTD_MAX_WINDOW_BYTES = 1 << 27  # what `zstd` itself takes without being asked for more
_ZSTD_SLICE_BYTES = 64 * 1024


def decompressed(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the plain bytes; the compression is told by its magic, as other engines do, not by the media type.

    Raises InvalidArgument (LAYER_INVALID) for a damaged or incomplete stream.
    """
    source = iter(chunks)
    first = next(source, b"")
    while len(first) < len(_ZSTD_MAGIC) and (more := next(source, b"")):
        first += more
    chain = _chain(first, source)
    if first.startswith(_GZIP_MAGIC):
        return _inflate(chain)
    if first.startswith(_ZSTD_MAGIC):
        return _unzstd(chain)
    return chain


def _chain(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from rest


def _inflate(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Inflate all members: estargz and bgzip layers have many. Zeros after the last are padding."""
    member: igzip_lib.IgzipDecompressor | None = None
    for chunk in chunks:
        rest = chunk
        while rest:
            if member is None:
                rest = rest.lstrip(b"\0") if rest[0] == 0 else rest
                if not rest:
                    break
                member = igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)
            yield from _inflate_member(member, rest)
            rest = member.unused_data if member.eof else b""
            member = None if member.eof else member
    if member is not None:
        raise _broken("it ends too early")


def _inflate_member(member: igzip_lib.IgzipDecompressor, data: bytes) -> Iterator[bytes]:
    try:
        block = member.decompress(data, BLOCK_BYTES)
        while block:
            yield block
            if member.eof or member.needs_input:
                return
            block = member.decompress(b"", BLOCK_BYTES)
    except _ISAL_ERROR as error:
        raise _broken(str(error)) from error


class _Pull:
    """A file-like view of an iterator of chunks, as zstandard's reader wants it."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = b""

    def read(self, size: int = -1) -> bytes:
        if not self._rest:
            self._rest = next(self._chunks, b"")
        data, self._rest = self._rest[:size], self._rest[size:]
        return data


def _unzstd(chunks: Iterator[bytes]) -> Iterator[bytes]:
    decompressor = zstandard.ZstdDecompressor(max_window_size=_ZSTD_MAX_WINDOW_BYTES)
    reader = decompressor.stream_reader(
        cast("IO[bytes]", _Pull(chunks)), read_size=_ZSTD_SLICE_BYTES, read_across_frames=True
    )
    try:
        while block := reader.read(BLOCK_BYTES):
            yield block
    except zstandard.ZstdError as error:
        raise _broken(str(error)) from error


def _broken(problem: str) -> InvalidArgument:
    return InvalidArgument(
        f"the layer cannot be decompressed: {problem}", reason="LAYER_INVALID", metadata={"problem": problem}
    )
