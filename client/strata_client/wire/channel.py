"""Calls over a blocking connection: a thin shell that moves the protocol's bytes through one socket.

A channel belongs to one thread; several calls may be open on it at once. Waiting for one of them serves all.
"""

import os
import select
import socket
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Generic, Protocol, Self, TypeVar

from strata_chassis.errors import Cancelled, DeadlineExceeded, Internal, StrataError, Unavailable
from strata_client.wire.call import Call
from strata_client.wire.connection import Connection
from strata_client.wire.endpoint import Credentials, Endpoint
from strata_client.wire.transport import connect

REQUEST_ID = "x-request-id"
_RECEIVE_BYTES = 1024 * 1024


class Message(Protocol):
    """What the wire needs of a protobuf message."""

    def SerializeToString(self) -> bytes:  # noqa: N802
        """Bytes of the message."""


class ParsedMessage(Message, Protocol):
    """What the wire needs of a response's type."""

    @classmethod
    def FromString(cls, s: bytes, /) -> Self:  # noqa: N802
        """Message of the bytes."""


R = TypeVar("R", bound=ParsedMessage)


def new_request_id() -> str:
    """Make a name for one request, by which every service logs it."""
    return os.urandom(8).hex()


class Stream(Generic[R]):
    """One open call. Iterating reads its responses to the end and raises the error that ended it, if one did."""

    def __init__(self, channel: "Channel", call: Call, parse: Callable[[bytes], R], deadline: float | None) -> None:
        self._channel = channel
        self._call = call
        self._parse = parse
        self._deadline = deadline

    @property
    def has_ended(self) -> bool:
        """Whether everything was read and nothing more will come."""
        return self._call.has_ended and not self._call.inbox

    @property
    def unsent_bytes(self) -> int:
        """How much the peer has not made room for yet: stop producing while it is large."""
        return self._call.unsent_bytes

    def send(self, message: Message) -> None:
        """Line up one request; it leaves when the peer has room and the channel is served."""
        self._channel.queue(self._call, message.SerializeToString())

    def drain(self, most_bytes: int = 4 * 1024 * 1024) -> None:
        """Send what is lined up; wait until at most so much is unsent, or the call has ended."""
        self._channel.write()
        while self._call.unsent_bytes > most_bytes and not self._call.has_ended:
            self._channel.serve()

    def finish_sending(self) -> None:
        """Say that no more requests follow."""
        self._channel.finish_sending(self._call)

    def receive_now(self) -> R | None:
        """Give the next response if it is there, without waiting; raises the call's error once all are read."""
        if (content := self._channel.take(self._call)) is not None:
            return self._parse(content)
        if self._call.error is not None:
            raise self._call.error
        return None

    def receive(self) -> R | None:
        """Wait for the next response; None at the good end of the call."""
        while (response := self.receive_now()) is None and not self._call.has_ended:
            remaining_s = None if self._deadline is None else self._deadline - time.monotonic()
            if remaining_s is not None and remaining_s <= 0:
                self._fail(DeadlineExceeded("the gateway did not answer in time", reason="DEADLINE_EXCEEDED"))
            else:
                self._channel.serve(remaining_s)
        return response

    def cancel(self) -> None:
        """Give the call up; the peer stops its work."""
        self._fail(Cancelled("the call was cancelled", reason="CANCELLED"))

    def _fail(self, error: StrataError) -> None:
        self._channel.cancel(self._call, error)

    def __iter__(self) -> Iterator[R]:
        while (response := self.receive()) is not None:
            yield response

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, _e: BaseException | None, _t: TracebackType | None) -> None:
        if not self._call.has_ended:
            self.cancel()


class Channel:
    """A connection to a gateway, and the calls on it."""

    def __init__(self, sock: socket.socket, metadata: list[tuple[str, str]] | None = None) -> None:
        """Take over a connected, non-blocking socket; ``metadata`` goes with every call."""
        self._socket = sock
        self._metadata = metadata if metadata is not None else [(REQUEST_ID, new_request_id())]
        self._connection = Connection()
        self._unwritten = memoryview(b"")

    @classmethod
    def open(cls, endpoint: Endpoint, credentials: Credentials | None = None) -> Self:
        """Connect to ``endpoint``."""
        return cls(connect(endpoint, credentials))

    # ---------------------------------------------------------------------------------------------------------- calls

    def start(self, path: str, response: type[R], timeout_s: float | None = None) -> Stream[R]:
        """Open a call whose requests are sent one by one."""
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        call = self._connection.start(path, self._metadata, timeout_s)
        return Stream(self, call, response.FromString, deadline)

    def stream(self, path: str, request: Message, response: type[R], timeout_s: float | None = None) -> Stream[R]:
        """Send the only request of a call that answers with many responses."""
        stream = self.start(path, response, timeout_s)
        stream.send(request)
        stream.finish_sending()
        return stream

    def unary(self, path: str, request: Message, response: type[R], timeout_s: float | None = None) -> R:
        """Send one request and wait for its one response."""
        with self.stream(path, request, response, timeout_s) as stream:
            responses = list(stream)
        if len(responses) != 1:
            message = f"{path} gave {len(responses)} responses instead of one"
            raise Internal(message, reason="BAD_CARDINALITY")
        return responses[0]

    # ----------------------------------------------------------------------------------------------- what streams use

    def queue(self, call: Call, content: bytes) -> None:
        """Line up a serialized request."""
        self._connection.send(call, content)

    def finish_sending(self, call: Call) -> None:
        """Half-close a call."""
        self._connection.finish_sending(call)

    def take(self, call: Call) -> bytes | None:
        """Give the next response of a call that has arrived."""
        return self._connection.take(call)

    def cancel(self, call: Call, error: StrataError) -> None:
        """End a call with ``error`` and tell the peer."""
        self._connection.cancel(call, error)
        self.write()

    # ------------------------------------------------------------------------------------------------------------ I/O

    @property
    def is_closing(self) -> bool:
        """Whether the peer is shutting down, or gone: no more calls can be started."""
        return self._connection.is_closing

    def fileno(self) -> int:
        """Give the socket for a poll of one's own: ``read`` when it is readable, ``write`` when it is writable."""
        return self._socket.fileno()

    def serve(self, timeout_s: float | None = None) -> None:
        """Write what can be written, wait at most ``timeout_s`` for something to read, and read it."""
        poll = select.poll()
        poll.register(self._socket, select.POLLIN | (select.POLLOUT if self.write() else 0))
        for _, events in poll.poll(None if timeout_s is None else max(timeout_s, 0) * 1000):
            if events & ~select.POLLOUT:
                self.read()
        self.write()

    def write(self) -> bool:
        """Write without waiting; True when there is more than the socket takes now."""
        while True:
            if not self._unwritten:
                self._unwritten = memoryview(self._connection.output())
            if not self._unwritten:
                return False
            try:
                self._unwritten = self._unwritten[self._socket.send(self._unwritten) :]
            except OSError as error:
                if would_block(error):
                    return True
                self._lose(error)
                return False

    def read(self) -> None:
        """Read what has come, without waiting; streams then have it."""
        while True:
            try:
                data = self._socket.recv(_RECEIVE_BYTES)
            except OSError as error:
                if not would_block(error):
                    self._lose(error)
                return
            self._connection.receive(data)
            if len(data) < _RECEIVE_BYTES and not self._has_decrypted_more():
                return

    def _has_decrypted_more(self) -> bool:
        """Whether a TLS socket holds bytes that poll cannot see."""
        pending: Callable[[], int] | None = getattr(self._socket, "pending", None)
        return pending is not None and pending() > 0

    def _lose(self, error: OSError) -> None:
        self._unwritten = memoryview(b"")
        self._connection.lose(Unavailable(f"lost the gateway: {error.strerror or error}", reason="CONNECTION_LOST"))

    def close(self) -> None:
        """Close the connection; calls that are still open are cancelled by the peer."""
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, _e: BaseException | None, _t: TracebackType | None) -> None:
        self.close()


def would_block(error: OSError) -> bool:
    """Whether a non-blocking operation just has to wait; TLS has errors of its own for that."""
    return isinstance(error, BlockingIOError) or type(error).__name__ in {"SSLWantReadError", "SSLWantWriteError"}
