"""Listen for clients and hand each request to one function, which answers it."""

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import h11

from strata_chassis.unix_socket import owned_socket
from strata_gateway.web.connection import ClientGone, Connection
from strata_gateway.web.exchange import Exchange
from strata_gateway.web.request import Request

_log = logging.getLogger(__name__)
_GONE = (ClientGone, ConnectionError, TimeoutError, h11.LocalProtocolError)

Answer = Callable[[Exchange], Awaitable[None]]


def bind_unix(path: Path, group: str) -> socket.socket:
    """Bind a socket to ``path`` that only its owner and ``group`` may connect to."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with owned_socket(path, group):
        listener.bind(str(path))
    return listener


class WebServer:
    """Serves any number of listeners by one ``answer``, and ends all of its connections when it stops."""

    def __init__(self, answer: Answer) -> None:
        self._answer_exchange = answer
        self._connections: set[asyncio.Task[None]] = set()

    @contextlib.asynccontextmanager
    async def listening_on_unix(self, path: Path, group: str = "") -> AsyncIterator[None]:
        """Listen on a unix socket that owner and group may use."""
        listener = bind_unix(path, group)
        async with self._serving(await asyncio.start_unix_server(self._accept, sock=listener)):
            yield

    @contextlib.asynccontextmanager
    async def listening_on_tcp(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> AsyncIterator[None]:
        """Listen on TCP."""
        async with self._serving(await asyncio.start_server(self._accept, host, port, ssl=tls)):
            yield

    @contextlib.asynccontextmanager
    async def _serving(self, server: asyncio.Server) -> AsyncIterator[None]:
        try:
            yield
        finally:
            server.close()
            for task in self._connections:
                task.cancel()
            if self._connections:
                await asyncio.wait(self._connections)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a stream's callback always runs in a task
        self._connections.add(task)
        try:
            await self._serve(Connection(reader, writer))
        finally:
            self._connections.discard(task)
            with contextlib.suppress(ConnectionError):
                writer.close()

    async def _serve(self, connection: Connection) -> None:
        try:
            await connection.serve_all(self._answer)
        except* h11.RemoteProtocolError as group:
            _log.info("a client broke the protocol", extra={"detail": str(group.exceptions[0])})
        except* _GONE:
            _log.debug("a client went away")
        except* Exception:  # noqa: BLE001 - one request that fails must not end the server
            _log.exception("a request failed and was broken off")

    async def _answer(self, request: Request, connection: Connection) -> Exchange:
        exchange = Exchange(request, connection)
        await self._answer_exchange(exchange)
        return exchange
