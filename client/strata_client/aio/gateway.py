"""Calls to a gateway in protobuf messages, to be awaited."""

from typing import TYPE_CHECKING, TypeVar

from strata_client.gateway import path_of
from strata_client.wire.async_channel import AsyncChannel, AsyncStream
from strata_client.wire.channel import ParsedMessage

if TYPE_CHECKING:
    from google.protobuf.message import Message

R = TypeVar("R", bound=ParsedMessage)


class AsyncGateway:
    """A connection to a gateway that is opened with ``connect``."""

    def __init__(self, channel: AsyncChannel) -> None:
        """Speak over ``channel``, and close it at the end."""
        self.channel = channel

    async def call(self, request: "Message", response: type[R], timeout_s: float | None = None) -> R:
        """Send a request and wait for its response."""
        return await self.channel.unary(path_of(type(request)), request, response, timeout_s)

    def stream(self, request: "Message", response: type[R], timeout_s: float | None = None) -> AsyncStream[R]:
        """Send a request that is answered by many responses."""
        return self.channel.stream(path_of(type(request)), request, response, timeout_s)

    def open(self, request: "type[Message]", response: type[R], timeout_s: float | None = None) -> AsyncStream[R]:
        """Open a call whose requests are sent one by one."""
        return self.channel.start(path_of(request), response, timeout_s)
