"""Sending a blob, whole or while it arrives, by sendfile where the connection allows it."""

import asyncio
import io
import os

from aiohttp import web

from strata_chassis.errors import StrataError
from strata_oci.digest import Digest
from strata_registry.adapters.cache.reader import BlobReader
from strata_registry.core.byte_range import ByteRange, UnsatisfiableRange, parse_range

_OCTETS = "application/octet-stream"


async def send_blob(request: web.Request, digest: Digest, reader: BlobReader) -> web.StreamResponse:
    """Answer a GET or HEAD with a blob or a range of it.

    A transfer that fails on the way ends the connection: what was sent so far cannot be taken for the whole.
    """
    headers = {
        "Content-Type": _OCTETS,
        "Docker-Content-Digest": str(digest),
        "ETag": f'"{digest}"',
        "Cache-Control": "max-age=31536000, immutable",
        "X-Cache": "hit" if reader.was_cached else "miss",
    }
    if request.headers.get("If-None-Match") == headers["ETag"]:
        return web.Response(status=304, headers=headers)
    if reader.size is None:
        return await _send(request, reader, web.StreamResponse(headers=headers), ByteRange(0, 1 << 62))
    try:
        wanted = parse_range(request.headers.get("Range"), reader.size)
    except UnsatisfiableRange:
        return web.Response(status=416, headers={"Content-Range": f"bytes */{reader.size}"})
    extent = wanted or ByteRange(0, reader.size)
    headers |= {"Accept-Ranges": "bytes", "Content-Length": str(extent.length)}
    if wanted is not None:
        headers["Content-Range"] = f"bytes {wanted.start}-{wanted.stop - 1}/{reader.size}"
    response = web.StreamResponse(status=200 if wanted is None else 206, headers=headers)
    return await _send(request, reader, response, extent)


async def _send(
    request: web.Request, reader: BlobReader, response: web.StreamResponse, extent: ByteRange
) -> web.StreamResponse:
    await response.prepare(request)
    if request.method == "HEAD":
        return response
    try:
        if response.chunked:
            await _copy(response, reader, extent)
        else:
            await _sendfile(request, reader, extent)
        await response.write_eof()
    except (StrataError, OSError):
        _cut(request)
    return response


async def _sendfile(request: web.Request, reader: BlobReader, extent: ByteRange) -> None:
    """Let the kernel copy from the file to the socket, as far as the file has come each time."""
    loop = asyncio.get_running_loop()
    position = extent.start
    with io.FileIO(os.dup(reader.fd), closefd=True) as file:
        while position < extent.stop:
            stop = min(await reader.reach(position), extent.stop)
            if request.transport is None:
                raise ConnectionResetError
            await loop.sendfile(request.transport, file, position, stop - position)
            reader.served_bytes += stop - position
            position = stop


async def _copy(response: web.StreamResponse, reader: BlobReader, extent: ByteRange) -> None:
    """Send chunks of a blob whose length nobody knows yet."""
    position = extent.start
    while piece := await reader.read(position, 1 << 18):
        await response.write(piece)
        position += len(piece)


def _cut(request: web.Request) -> None:
    """End the connection without the end of the message."""
    if request.transport is not None:
        request.transport.abort()
