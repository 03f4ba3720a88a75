"""Channels to other services: request id and deadline travel along, failures arrive as errors of the taxonomy.

This wraps the channel rather than adding grpc interceptors: those cost a queue per stream and hide the call's methods.
"""

from collections.abc import AsyncIterator, Generator, Iterable
from typing import Any, Self

import grpc

from strata_chassis import deadline, endpoint, request_id, wire
from strata_chassis.errors import InvalidArgument
from strata_chassis.errors_grpc import from_rpc_error
from strata_chassis.tls import TlsFiles


def connect(address: str, tls: TlsFiles | None = None) -> grpc.aio.Channel:
    """Return a channel to ``unix:///path`` or, with mutual TLS, ``tcp://host:port``; it connects when first used."""
    place = endpoint.parse(address)
    if isinstance(place, endpoint.UnixEndpoint):
        peer = f"the {place.path.stem} service"
        return Channel(grpc.aio.insecure_channel(place.target, options=wire.CLIENT), peer)
    if tls is None:
        raise InvalidArgument(
            f"{address} needs tls-cert, tls-key and tls-ca: TCP is used with mutual TLS only",
            reason="TLS_REQUIRED",
            metadata={"endpoint": address},
        )
    secure = grpc.aio.secure_channel(place.target, tls.channel_credentials(), options=wire.CLIENT)
    return Channel(secure, f"the service at {place.target}")


class Channel(grpc.aio.Channel):
    """A channel whose calls are ``Call`` objects."""

    def __init__(self, inner: grpc.aio.Channel, peer: str) -> None:
        """Wrap ``inner``; ``peer`` names the service in errors."""
        self._inner = inner
        self._peer = peer

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self, grace: float | None = None) -> None:
        """Close; running calls are given ``grace`` seconds."""
        await self._inner.close(grace)

    def get_state(self, try_to_connect: bool = False) -> grpc.ChannelConnectivity:  # noqa: FBT001, FBT002 - inherited
        """Return the state of the connection."""
        return self._inner.get_state(try_to_connect)

    async def wait_for_state_change(self, last_observed_state: grpc.ChannelConnectivity) -> None:
        """Wait until the state is another one."""
        await self._inner.wait_for_state_change(last_observed_state)

    async def channel_ready(self) -> None:
        """Wait until the connection stands."""
        await self._inner.channel_ready()

    def unary_unary(self, *args: Any, **kwargs: Any) -> Any:
        """Return a callable for a method."""
        return _Caller(self._inner.unary_unary(*args, **kwargs), self._peer)

    def unary_stream(self, *args: Any, **kwargs: Any) -> Any:
        """Return a callable for a method."""
        return _Caller(self._inner.unary_stream(*args, **kwargs), self._peer)

    def stream_unary(self, *args: Any, **kwargs: Any) -> Any:
        """Return a callable for a method."""
        return _Caller(self._inner.stream_unary(*args, **kwargs), self._peer)

    def stream_stream(self, *args: Any, **kwargs: Any) -> Any:
        """Return a callable for a method."""
        return _Caller(self._inner.stream_stream(*args, **kwargs), self._peer)


class _Caller:
    """Starts calls of one method."""

    def __init__(self, inner: Any, peer: str) -> None:
        self._inner = inner
        self._peer = peer

    def __call__(
        self,
        *requests: Any,
        timeout: float | None = None,
        metadata: Iterable[tuple[str, str | bytes]] | None = None,
        **options: Any,
    ) -> "Call":
        current = request_id.current() or request_id.new()
        call = self._inner(
            *requests,
            timeout=deadline.timeout_for_call_s(timeout),
            metadata=(*(metadata or ()), (request_id.METADATA_KEY, current)),
            **options,
        )
        return Call(call, self._peer)


class Call:
    """A running call: awaited, iterated, read and written like grpc's own, but raising StrataError."""

    def __init__(self, inner: Any, peer: str) -> None:
        self._inner = inner
        self._peer = peer

    def __getattr__(self, name: str) -> Any:
        """Everything that cannot fail with a status (``cancel``, ``code``, ``trailing_metadata``, …) is grpc's."""
        return getattr(self._inner, name)

    def __await__(self) -> Generator[Any, Any, Any]:
        try:
            return (yield from self._inner.__await__())
        except grpc.RpcError as error:
            raise from_rpc_error(error, self._peer) from error

    async def __aiter__(self) -> AsyncIterator[Any]:
        try:
            async for message in self._inner:
                yield message
        except grpc.RpcError as error:
            raise from_rpc_error(error, self._peer) from error
        finally:
            self._inner.cancel()  # no effect on a finished call; ends one that is no longer listened to

    async def read(self) -> Any:
        """Return the next message, or grpc.aio.EOF."""
        return await self._translated(self._inner.read())

    async def write(self, message: Any) -> None:
        """Send a message."""
        await self._translated(self._inner.write(message))

    async def done_writing(self) -> None:
        """Send the end of our stream."""
        await self._translated(self._inner.done_writing())

    async def wait_for_connection(self) -> None:
        """Wait until the peer has taken the call."""
        await self._translated(self._inner.wait_for_connection())

    async def _translated(self, operation: Any) -> Any:
        try:
            return await operation
        except grpc.RpcError as error:
            raise from_rpc_error(error, self._peer) from error
