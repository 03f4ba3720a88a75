"""Calls on an asyncio connection: the same protocol as ``channel``, moved by a transport instead of a poll.

Nothing runs in the background: the transport hands bytes over as they come, and wakes whoever waits for them.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import Generic, Self, TypeVar

from strata_chassis.errors import Cancelled, DeadlineExceeded, Internal, StrataError, Unavailable
from strata_client.wire.call import Call
from strata_client.wire.channel import REQUEST_ID, Message, ParsedMessage, new_request_id
from strata_client.wire.connection import Connection
from strata_client.wire.endpoint import Credentials, Endpoint
from strata_client.wire.transport import explain, tls_context

R = TypeVar("R", bound=ParsedMessage)

_TLS_GOODBYE_S = 0.5
"""How long a peer may take to agree to the end of TLS; gRPC's own servers never answer."""


class AsyncStream(Generic[R]):
    """One open call. ``async for`` reads its responses to the end and raises the error that ended it, if one did."""

    def __init__(
        self, channel: "AsyncChannel", call: Call, parse: Callable[[bytes], R], deadline: float | None
    ) -> None:
        self._channel = channel
        self._call = call
        self._parse = parse
        self._deadline = deadline

    async def send(self, message: Message, most_unsent_bytes: int = 1024 * 1024) -> None:
        """Send one request; waits while the peer has no room for more than ``most_unsent_bytes``."""
        self.send_now(message)
        while self._call.unsent_bytes > most_unsent_bytes and not self._call.has_ended:
            await self._wait()

    def send_now(self, message: Message) -> None:
        """Line up one request without waiting; it leaves when the peer has room."""
        self._channel.queue(self._call, message.SerializeToString())

    def finish_sending(self) -> None:
        """Say that no more requests follow."""
        self._channel.finish_sending(self._call)

    async def receive(self) -> R | None:
        """Wait for the next response; None at the good end of the call."""
        while (content := self._channel.take(self._call)) is None:
            if self._call.error is not None:
                raise self._call.error
            if self._call.has_ended:
                return None
            await self._wait()
        return self._parse(content)

    def cancel(self) -> None:
        """Give the call up; the peer stops its work."""
        self._channel.cancel(self._call, Cancelled("the call was cancelled", reason="CANCELLED"))

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(None if self._deadline is None else self._deadline - time.monotonic()):
                await self._channel.wait_for_change()
        except TimeoutError:
            error = DeadlineExceeded("the gateway did not answer in time", reason="DEADLINE_EXCEEDED")
            self._channel.cancel(self._call, error)

    async def __aiter__(self) -> AsyncIterator[R]:
        while (response := await self.receive()) is not None:
            yield response

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, _e: BaseException | None, _t: TracebackType | None
    ) -> None:
        if not self._call.has_ended:
            self.cancel()


class AsyncChannel(asyncio.Protocol):
    """A connection to a gateway, and the calls on it. It belongs to one event loop."""

    def __init__(self) -> None:
        """Make it with ``open``."""
        self._connection = Connection()
        self._metadata = [(REQUEST_ID, new_request_id())]
        self._transport: asyncio.Transport | None = None
        self._waiters: list[asyncio.Future[None]] = []
        self._is_writable = True
        self._is_closed = asyncio.Event()

    @classmethod
    async def open(cls, endpoint: Endpoint, credentials: Credentials | None = None) -> Self:
        """Connect to ``endpoint``; raises Unavailable or PermissionDenied."""
        loop = asyncio.get_running_loop()
        try:
            if endpoint.path:
                _, channel = await loop.create_unix_connection(cls, endpoint.path)
            else:
                context = tls_context(credentials)
                _, channel = await loop.create_connection(
                    cls, endpoint.name, endpoint.port, ssl=context, ssl_shutdown_timeout=_TLS_GOODBYE_S
                )
        except OSError as error:
            raise explain(endpoint, error) from error
        return channel

    # ---------------------------------------------------------------------------------------------------------- calls

    def start(self, path: str, response: type[R], timeout_s: float | None = None) -> AsyncStream[R]:
        """Open a call whose requests are sent one by one."""
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        call = self._connection.start(path, self._metadata, timeout_s)
        self._write()
        return AsyncStream(self, call, response.FromString, deadline)

    def stream(self, path: str, request: Message, response: type[R], timeout_s: float | None = None) -> AsyncStream[R]:
        """Send the only request of a call that answers with many responses."""
        stream = self.start(path, response, timeout_s)
        stream.send_now(request)
        stream.finish_sending()
        return stream

    async def unary(self, path: str, request: Message, response: type[R], timeout_s: float | None = None) -> R:
        """Send one request and wait for its one response."""
        async with self.stream(path, request, response, timeout_s) as stream:
            responses = [one async for one in stream]
        if len(responses) != 1:
            raise Internal(f"{path} gave {len(responses)} responses instead of one", reason="BAD_CARDINALITY")
        return responses[0]

    # ----------------------------------------------------------------------------------------------- what streams use

    def queue(self, call: Call, content: bytes) -> None:
        """Line up a serialized request."""
        self._connection.send(call, content)
        self._write()

    def finish_sending(self, call: Call) -> None:
        """Half-close a call."""
        self._connection.finish_sending(call)
        self._write()

    def take(self, call: Call) -> bytes | None:
        """Give the next response of a call that has arrived, and the peer room for more."""
        content = self._connection.take(call)
        if content is not None:
            self._write()
        return content

    def cancel(self, call: Call, error: StrataError) -> None:
        """End a call with ``error`` and tell the peer."""
        self._connection.cancel(call, error)
        self._write()
        self._wake()

    async def wait_for_change(self) -> None:
        """Wait until something has come, or room for what is unsent."""
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        try:
            await waiter
        finally:
            if waiter in self._waiters:
                self._waiters.remove(waiter)

    # ---------------------------------------------------------------------------------------- what the transport calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to speak."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  # what create_connection makes
        self._transport = transport
        self._write()

    def data_received(self, data: bytes) -> None:
        """Take what the peer sent."""
        try:
            self._connection.receive(data)
        except StrataError:
            self.close()  # every call has the error
        self._write()
        self._wake()

    def pause_writing(self) -> None:
        """Keep what is to be sent while the socket takes no more."""
        self._is_writable = False

    def resume_writing(self) -> None:
        """Go on sending."""
        self._is_writable = True
        self._write()
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """End every call."""
        why = f"lost the gateway: {exc}" if exc else "the gateway closed the connection"
        self._connection.lose(Unavailable(why, reason="CONNECTION_LOST"))
        self._is_closed.set()
        self._wake()

    def _write(self) -> None:
        if self._transport is not None and self._is_writable and not self._transport.is_closing():
            self._transport.write(self._connection.output())

    def _wake(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    def close(self) -> None:
        """Begin to close the connection; calls that are still open are cancelled by the peer."""
        if self._transport is not None:
            self._transport.close()

    async def wait_closed(self) -> None:
        """Wait until nothing of the connection is left."""
        await self._is_closed.wait()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, _e: BaseException | None, _t: TracebackType | None
    ) -> None:
        self.close()
        await self.wait_closed()
