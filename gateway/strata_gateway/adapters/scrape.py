"""Fetch a service's own metrics page from its unix socket."""

import asyncio
from pathlib import Path

from strata_chassis.errors import Unavailable

TIMEOUT_S = 2.0
_MAX_PAGE_BYTES = 4 << 20
_REQUEST = b"GET /metrics HTTP/1.1\r\nHost: strata\r\nConnection: close\r\n\r\n"


async def scrape(socket: Path) -> bytes:
    """The page; Unavailable when the service does not give one in time."""
    try:
        async with asyncio.timeout(TIMEOUT_S):
            answer = await _exchange(socket)
    except (OSError, TimeoutError, asyncio.LimitOverrunError) as error:
        raise Unavailable(f"no metrics from {socket}: {error}", reason="SERVICE_UNREACHABLE") from error
    head, separator, body = answer.partition(b"\r\n\r\n")
    if not separator or head.split(b" ", 2)[1:2] != [b"200"]:
        raise Unavailable(f"no metrics from {socket}: it answered {head[:80]!r}", reason="SERVICE_UNREACHABLE")
    return body


async def _exchange(socket: Path) -> bytes:
    reader, writer = await asyncio.open_unix_connection(socket, limit=_MAX_PAGE_BYTES)
    try:
        writer.write(_REQUEST)
        return await reader.read(-1)
    finally:
        writer.close()
