"""One connection to the launcher: packets in, a bounded queue of packets out."""

import os
import socket
from collections import deque
from collections.abc import Callable
from typing import Any

from strata_runtime.launcher import protocol
from strata_runtime.launcher.descriptors import receive_packet, send_packet
from strata_runtime.launcher.loop import READABLE, WRITABLE, Loop

QUEUE_LIMIT_BYTES = 1 << 20
"""What may wait for a client that does not read."""


class Client:
    """A peer of the launcher; may be attached to one task."""

    __slots__ = (
        "_loop",
        "_on_close",
        "_on_packet",
        "_queue",
        "_reading",
        "_socket",
        "attachment",
        "is_open",
        "queued",
        "received_fds",
    )

    def __init__(self, loop: Loop, connection: socket.socket, on_packet: Callable[["Client", bytes], None]) -> None:
        connection.settimeout(0)
        self._loop = loop
        self._socket = connection
        self._on_packet = on_packet
        self._on_close: list[Callable[[Client], None]] = []
        self._queue: deque[tuple[bytes, tuple[int, ...]]] = deque()
        self.received_fds: list[int] = []
        self._reading = True
        self.queued = 0
        self.is_open = True
        self.attachment: Any = None
        self._watch()

    def send(self, packet: bytes, *fds: int) -> None:
        """Send now or queue, descriptors (which have to stay open) with it; the caller watches ``queued``."""
        if not self.is_open:
            return
        self._queue.append((packet, fds))
        self.queued += len(packet)
        if len(self._queue) == 1:
            self._flush()

    def send_message(self, message: dict[str, Any], *fds: int) -> None:
        """Send a JSON object."""
        self.send(protocol.message_packet(message), *fds)

    def pause_reading(self, paused: bool) -> None:  # noqa: FBT001 -- the state, not a choice of two functions
        """Leave the peer's packets in the socket, or take them again."""
        if self._reading == paused:
            self._reading = not paused
            self._watch()

    def when_closed(self, callback: Callable[["Client"], None]) -> None:
        """Call when the connection ends, whoever ends it."""
        self._on_close.append(callback)

    def close(self) -> None:
        """End the connection."""
        if not self.is_open:
            return
        self.is_open = False
        self._loop.forget(self._socket.fileno())
        self._socket.close()
        self._queue.clear()
        self.queued = 0
        for callback in self._on_close:
            callback(self)

    def _watch(self) -> None:
        events = (READABLE if self._reading else 0) | (WRITABLE if self._queue else 0)
        self._loop.watch(self._socket.fileno(), events, self._ready)

    def _ready(self, mask: int) -> None:
        if mask & WRITABLE:
            self._flush()
        if self.is_open and mask & ~WRITABLE:
            self._receive()

    def _receive(self) -> None:
        try:
            packet, self.received_fds = receive_packet(self._socket)
        except BlockingIOError:
            return
        except OSError:
            packet = b""
        if packet:
            self._on_packet(self, packet)
        else:
            self.close()
        for fd in self.received_fds:  # those that nobody took
            os.close(fd)
        self.received_fds = []

    def _flush(self) -> None:
        try:
            while self._queue:
                send_packet(self._socket, *self._queue[0])
                self.queued -= len(self._queue.popleft()[0])
        except BlockingIOError:
            pass
        except OSError:
            self.close()
            return
        self._watch()
        if self.attachment is not None:
            self.attachment.drained()
