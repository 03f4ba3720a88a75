"""``GET /metrics`` over a unix or TCP socket: just enough HTTP for a scraper, without an HTTP library's memory."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from strata_chassis import endpoint
from strata_chassis.errors import Unavailable
from strata_chassis.metrics import Metrics
from strata_chassis.metrics_text import CONTENT_TYPE
from strata_chassis.unix_socket import owned_socket

_log = logging.getLogger(__name__)
_HEAD_BYTES_LIMIT = 8192
_REQUEST_TIMEOUT_S = 10.0


def bind(address: str, socket_group: str = "") -> socket.socket:
    """Return a listening socket on ``unix:///path`` or ``tcp://host:port``; Unavailable if it cannot be had."""
    place = endpoint.parse(address)
    try:
        if isinstance(place, endpoint.UnixEndpoint):
            listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            with owned_socket(place.path, socket_group):
                listener.bind(str(place.path))
            return listener
        return socket.create_server((place.host, place.port), family=_family(place.host))
    except OSError as error:
        raise Unavailable(
            f"cannot listen on {address}: {error.strerror}", reason="LISTEN_FAILED", metadata={"endpoint": address}
        ) from error


@asynccontextmanager
async def serving(listener: socket.socket, metrics: Metrics) -> AsyncIterator[None]:
    """Answer scrapes on ``listener`` within the block."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_REQUEST_TIMEOUT_S):
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(_response(head, metrics))
                await writer.drain()
        except (TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
            _log.debug("a scraper went away or made no sense")
        finally:
            writer.close()

    server = await asyncio.start_server(answer, sock=listener, limit=_HEAD_BYTES_LIMIT)
    async with server:
        yield


def _response(head: bytes, metrics: Metrics) -> bytes:
    method, _, rest = head.partition(b" ")
    path = rest.partition(b" ")[0].partition(b"?")[0]
    if path != b"/metrics":
        return _message("404 Not Found", b"only /metrics is here\n")
    if method not in (b"GET", b"HEAD"):
        return _message("405 Method Not Allowed", b"GET it\n")
    body = metrics.render()
    return _message("200 OK", body) if method == b"GET" else _message("200 OK", b"", length=len(body))


def _message(status: str, body: bytes, length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    head = f"HTTP/1.1 {status}\r\nContent-Type: {CONTENT_TYPE}\r\nContent-Length: {size}\r\nConnection: close\r\n\r\n"
    return head.encode() + body


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
