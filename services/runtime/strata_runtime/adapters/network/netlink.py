"""Netlink, blocking, many requests in one datagram: the encoding is pyroute2's, the exchange is ours.

pyroute2's own sockets run an event loop each and wait for one answer before the next request. Here a burst of requests
costs two system calls, and the socket stays bound to the network namespace it was opened in, wherever its thread goes.
"""

import os
import socket
import struct
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from strata_runtime.adapters.network.pyroute import NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST, nlmsg

_HEADER = struct.Struct("=IHHII")
_ERRNO = struct.Struct("=i")
_NLMSG_ERROR = 2
_NLMSG_DONE = 3
_ANSWER_BYTES = 65536
_DUMP_BYTES = 1 << 17
_ANSWER_TIMEOUT_S = 10.0


@dataclass(slots=True)
class Request:
    """One message to the kernel, its body a codec of pyroute2 or the bytes after the header.

    ``is_acknowledged`` is False only for dumps and for the borders of an nftables transaction.
    """

    body: nlmsg | bytes
    kind: int
    text: str
    flags: int = 0
    is_acknowledged: bool = True


class NetlinkSocket:
    """A netlink socket in the network namespace of the thread that opens it."""

    def __init__(self, protocol: int = socket.NETLINK_ROUTE) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, protocol)
        self._socket.settimeout(_ANSWER_TIMEOUT_S)
        self._socket.bind((0, 0))
        self._sequence = 0

    def burst(self, requests: Sequence[Request], *, tolerate: Collection[int] = ()) -> None:
        """Send all ``requests`` at once and wait for their answers; raise OSError for the first that is refused.

        The kernel goes on after a refused request (but for nftables, where all or none is done). Refusals with an
        errno to ``tolerate`` are none: what was asked for is so already.
        """
        first = self._sequence + 1
        self._sequence += len(requests)
        self._socket.send(b"".join(_encode(request, first + place) for place, request in enumerate(requests)))
        failures = self._await_answers(requests, first)
        places = [place for place, number in sorted(failures.items()) if number not in tolerate]
        if places:
            number = failures[places[0]]
            raise OSError(number, os.strerror(number), requests[places[0]].text)

    def dump(self, body: nlmsg | bytes, kind: int) -> list[bytes]:
        """Return all objects that a request of ``kind`` (RTM_GET...) asks for, as messages with their headers."""
        self._sequence += 1
        request = Request(body, kind, f"dump {kind}", NLM_F_DUMP, is_acknowledged=False)
        self._socket.send(_encode(request, self._sequence))
        objects: list[bytes] = []
        while True:
            for message_kind, message in messages(self._socket.recv(_DUMP_BYTES)):
                if message_kind == _NLMSG_DONE:
                    return objects
                if message_kind == _NLMSG_ERROR:
                    number = -_ERRNO.unpack_from(message, _HEADER.size)[0]
                    raise OSError(number, os.strerror(number), request.text)
                objects.append(message)

    def close(self) -> None:
        """Close the socket; a namespace kept alive only by it goes."""
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _await_answers(self, requests: Sequence[Request], first: int) -> dict[int, int]:
        """Return the errno of each refused request, by its place in the burst."""
        waiting = {place for place, request in enumerate(requests) if request.is_acknowledged}
        failures: dict[int, int] = {}
        while waiting:
            for sequence, number in _answers(self._socket.recv(_ANSWER_BYTES)):
                place = sequence - first
                if not 0 <= place < len(requests):
                    continue
                waiting.discard(place)
                if number:
                    failures[place] = number
                    if not requests[place].is_acknowledged:
                        waiting.clear()
        return failures


def decode(message_class: type[nlmsg], message: bytes) -> Any:
    """Read a message with a codec of pyroute2."""
    decoded = message_class(message)
    decoded.decode()
    return decoded


def payload(message: bytes) -> bytes:
    """Return what comes after a message's header."""
    return message[_HEADER.size :]


def _encode(request: Request, sequence: int) -> bytes:
    flags = request.flags | NLM_F_REQUEST | (NLM_F_ACK if request.is_acknowledged else 0)
    if isinstance(request.body, bytes):
        return _HEADER.pack(_HEADER.size + len(request.body), request.kind, flags, sequence, 0) + request.body
    request.body["header"].update({"type": request.kind, "flags": flags, "sequence_number": sequence})
    request.body.encode()
    return bytes(request.body.data)


def _answers(datagram: bytes) -> Iterator[tuple[int, int]]:
    """Yield sequence number and errno of each acknowledgement (NLMSG_ERROR, where errno 0 means done)."""
    for kind, message in messages(datagram):
        if kind == _NLMSG_ERROR:
            yield _HEADER.unpack_from(message)[3], -_ERRNO.unpack_from(message, _HEADER.size)[0]


def messages(datagram: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield kind and bytes of each message, its header included."""
    offset = 0
    while offset + _HEADER.size <= len(datagram):
        length, kind, *_ = _HEADER.unpack_from(datagram, offset)
        yield kind, datagram[offset : offset + length]
        offset += (length + 3) & ~3
