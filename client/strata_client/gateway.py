"""Calls to a gateway in protobuf messages: which path a request goes to follows from its type.

Every RPC ``X`` of ``strata.<service>.v1`` takes ``XRequest`` and gives ``XResponse`` (buf's STANDARD rules hold that).
"""

from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

from strata_client.wire.channel import Channel, ParsedMessage, Stream
from strata_client.wire.endpoint import Credentials, Endpoint

if TYPE_CHECKING:
    from google.protobuf.message import Message

R = TypeVar("R", bound=ParsedMessage)

MAX_DATA_BYTES = 1024 * 1024
"""The most that one message of a stream of bytes may carry."""


def path_of(request: "type[Message]") -> str:
    """Path of the RPC that takes this request: "/strata.store.v1.StoreService/TagImage" for TagImageRequest."""
    package, _, name = request.DESCRIPTOR.full_name.rpartition(".")
    service = package.split(".")[1].capitalize()
    return f"/{package}.{service}Service/{name.removesuffix('Request')}"


class Gateway:
    """An open connection to a gateway. It belongs to one thread."""

    def __init__(self, channel: Channel) -> None:
        """Speak over ``channel``, and close it at the end."""
        self.channel = channel

    @classmethod
    def connect(cls, endpoint: Endpoint, credentials: Credentials | None = None) -> Self:
        """Open a connection; raises Unavailable when nobody listens."""
        return cls(Channel.open(endpoint, credentials))

    def call(self, request: "Message", response: type[R], timeout_s: float | None = None) -> R:
        """Send a request and wait for its response."""
        return self.channel.unary(path_of(type(request)), request, response, timeout_s)

    def stream(self, request: "Message", response: type[R], timeout_s: float | None = None) -> Stream[R]:
        """Send a request that is answered by many responses."""
        return self.channel.stream(path_of(type(request)), request, response, timeout_s)

    def open(self, request: "type[Message]", response: type[R], timeout_s: float | None = None) -> Stream[R]:
        """Open a call whose requests are sent one by one."""
        return self.channel.start(path_of(request), response, timeout_s)

    def close(self) -> None:
        """Close the connection."""
        self.channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, _e: BaseException | None, _t: TracebackType | None) -> None:
        self.close()
