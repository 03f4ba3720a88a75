"""Speak HTTP/1.1 on one connection: h11 keeps the protocol's state, asyncio streams carry the bytes.

The parser never hides the transport: that is what makes hijacking (bytes both ways, half-closed on their own) clean.
"""

import asyncio
import contextlib
import select
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from http import HTTPStatus

import h11

from strata_gateway.web.exchange import Exchange, Raw
from strata_gateway.web.request import Request, make_request

_READ_BYTES = 1 << 18
_MAX_HEAD_BYTES = 1 << 16

Serve = Callable[[Request, "Connection"], Awaitable[Exchange]]


class ClientGone(Exception):
    """The client closed the connection while it was being served."""


class Connection:
    """One client's connection; serves its requests one after the other."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=_MAX_HEAD_BYTES)
        self._watcher: asyncio.Task[None] | None = None

    async def serve_all(self, serve: Serve) -> None:
        """Serve until the client closes, breaks the protocol, or the connection is hijacked."""
        while (head := await self._next_head()) is not None:
            exchange = await self._serve_one(head, serve)
            await self._finish_body()
            if exchange.was_hijacked or self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE:
                return
            self._http.start_next_cycle()

    async def _next_head(self) -> h11.Request | None:
        event = await self._next_event()
        return event if isinstance(event, h11.Request) else None

    async def _serve_one(self, head: h11.Request, serve: Serve) -> Exchange:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in head.headers}
        request = make_request(head.method.decode(), head.target.decode("latin-1"), headers, self._body())
        if _has_body(headers):
            return await serve(request, self)
        await self._finish_body()
        return await self._serve_watched(request, serve)

    async def _serve_watched(self, request: Request, serve: Serve) -> Exchange:
        """Serve a request whose body is over: nothing but the end of the connection is to be read meanwhile."""
        async with asyncio.TaskGroup() as group:
            self._watcher = group.create_task(self._watch())
            try:
                return await serve(request, self)
            finally:
                self._watcher.cancel()

    async def _watch(self) -> None:
        data = await self._reader.read(_READ_BYTES)
        self._http.receive_data(data)
        if not data:
            raise ClientGone

    async def _body(self) -> AsyncIterator[bytes]:
        while self._http.their_state is h11.SEND_BODY:
            event = await self._next_event()
            if isinstance(event, h11.Data):
                yield bytes(event.data)
            elif isinstance(event, h11.ConnectionClosed):
                raise ClientGone

    async def _finish_body(self) -> None:
        """Read what a handler has left of the body, if it is short; a long rest ends the connection."""
        rest = 0
        with contextlib.suppress(h11.RemoteProtocolError, ClientGone):
            async for chunk in self._body():
                rest += len(chunk)
                if rest > _READ_BYTES:
                    return

    async def _next_event(self) -> h11.Event | None:
        """The next event; None while h11 waits for this side to answer."""
        while True:
            event = self._http.next_event()
            if event is not h11.NEED_DATA:
                return event if isinstance(event, h11.Event) else None
            if self._http.they_are_waiting_for_100_continue:
                await self._send(h11.InformationalResponse(status_code=100, headers=[]))
            self._http.receive_data(await self._reader.read(_READ_BYTES))

    # -- exchange.Transport

    async def send_head(self, status: int, headers: Mapping[str, str]) -> None:
        """Send status and headers of the answer."""
        await self._send(
            h11.Response(status_code=status, headers=list(headers.items()), reason=HTTPStatus(status).phrase)
        )

    async def send_body(self, data: bytes) -> None:
        """Send a part of the answer's body."""
        await self._send(h11.Data(data=data))

    async def send_end(self) -> None:
        """End the answer."""
        await self._send(h11.EndOfMessage())

    async def _send(self, event: h11.Event) -> None:
        data = self._http.send(event)
        if data:
            self._writer.write(data)
            await self._writer.drain()

    async def hijack(self, content_type: str, *, upgrade: bool) -> Raw:
        """Answer 101 (or 200 to clients that did not ask for an upgrade), and leave HTTP behind."""
        if self._watcher is not None:
            self._watcher.cancel()
            await asyncio.wait([self._watcher])
        await self._finish_body()
        line = "HTTP/1.1 101 UPGRADED" if upgrade else "HTTP/1.1 200 OK"
        switch = "Connection: Upgrade\r\nUpgrade: tcp\r\n" if upgrade else ""
        early, _ = self._http.trailing_data
        raw = _RawConnection(early, self._reader, self._writer)
        await raw.write(f"{line}\r\nContent-Type: {content_type}\r\n{switch}\r\n".encode())
        return raw


class _RawConnection:
    """The connection after it was hijacked."""

    def __init__(self, early: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._early = early
        self._reader = reader
        self._writer = writer

    async def read(self) -> bytes:
        """Next bytes of the client; empty when it has closed its side."""
        if self._early:
            early, self._early = self._early, b""
            return early
        try:
            return await self._reader.read(_READ_BYTES)
        except ConnectionError:
            return b""

    async def write(self, data: bytes) -> None:
        """Send bytes, waiting while the client is slow."""
        self._writer.write(data)
        await self._writer.drain()

    async def hung_up(self) -> None:
        """Wait until the client is gone altogether.

        An epoll that waits for nothing still reports EPOLLHUP, which is both directions being closed.
        """
        loop = asyncio.get_running_loop()
        gone = asyncio.Event()
        with select.epoll() as watch:
            watch.register(self._writer.get_extra_info("socket").fileno(), 0)
            loop.add_reader(watch.fileno(), gone.set)
            try:
                await gone.wait()
            finally:
                loop.remove_reader(watch.fileno())


def _has_body(headers: Mapping[str, str]) -> bool:
    return headers.get("transfer-encoding", "") != "" or headers.get("content-length", "0") != "0"
