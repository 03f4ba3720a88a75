"""Channels to other services: request id and deadline travel along, failures arrive as errors of the taxonomy.

A service that is being restarted is a short wait and no error: a call waits for the connection, but not for ever.

This wraps the channel rather than adding grpc interceptors: those cost a queue per stream and hide the call's methods.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Generator, Iterable
from typing import Any, Self

import grpc

from strata_chassis import deadline, endpoint, request_id, wire
from strata_chassis.errors import InvalidArgument, StrataError
from strata_chassis.errors_grpc import from_rpc_error, unreachable
from strata_chassis.tls import TlsFiles

PATIENCE_S = 5.0


def connect(address: str, tls: TlsFiles | None = None, *, patience_s: float = PATIENCE_S) -> grpc.aio.Channel:
    """Return a channel to ``unix:///path`` or, with mutual TLS, ``tcp://host:port``; it connects when first used.

    A call to a service that cannot be reached for ``patience_s`` fails with Unavailable, reason SERVICE_UNREACHABLE.
    """
    place = endpoint.parse(address)
    if isinstance(place, endpoint.UnixEndpoint):
        peer = f"the {place.path.stem} service"
        return Channel(grpc.aio.insecure_channel(place.target, options=wire.CLIENT), peer, patience_s)
    if tls is None:
        raise InvalidArgument(
            f"{address} needs tls-cert, tls-key and tls-ca: TCP is used with mutual TLS only",
            reason="TLS_REQUIRED",
            metadata={"endpoint": address},
        )
    secure = grpc.aio.secure_channel(place.target, tls.channel_credentials(), options=wire.CLIENT)
    return Channel(secure, f"the service at {place.target}", patience_s)


class Channel(grpc.aio.Channel):
    """A channel whose calls are ``Call`` objects."""

    def __init__(self, inner: grpc.aio.Channel, peer: str, patience_s: float) -> None:
        """Wrap ``inner``; ``peer`` names the service in errors."""
        self._inner = inner
        self._peer = peer
        self._patience_s = patience_s

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
        return _Caller(self._inner.unary_unary(*args, **kwargs), self)

    def unary_stream(self, *args: Any, **kwargs: Any) -> Any:
        """Return a callable for a method."""
        return _Caller(self._inner.unary_stream(*args, **kwargs), self)

    def stream_unary(self, *args: Any, **kwargs: Any) -> Any:
        """Return a callable for a method."""
        return _Caller(self._inner.stream_unary(*args, **kwargs), self)

    def stream_stream(self, *args: Any, **kwargs: Any) -> Any:
        """Return a callable for a method."""
        return _Caller(self._inner.stream_stream(*args, **kwargs), self)

    async def reach(self) -> None:
        """Wait until the connection stands, or raise Unavailable."""
        if self._inner.get_state(try_to_connect=True) is grpc.ChannelConnectivity.READY:
            return
        try:
            async with asyncio.timeout(self._patience_s):
                await self._inner.channel_ready()
        except TimeoutError:
            raise unreachable(self._peer) from None

    def as_error(self, error: grpc.RpcError) -> StrataError:
        """Return what a failed call means to its caller."""
        return from_rpc_error(error, self._peer)


class _Caller:
    """Starts calls of one method."""

    def __init__(self, inner: Any, channel: Channel) -> None:
        self._inner = inner
        self._channel = channel

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
            **{"wait_for_ready": True, **options},
        )
        return Call(call, self._channel)


class Call:
    """A running call: awaited, iterated, read and written like grpc's own, but raising StrataError."""

    def __init__(self, inner: Any, channel: Channel) -> None:
        self._inner = inner
        self._channel = channel
        self._has_reached = False

    def __getattr__(self, name: str) -> Any:
        """Everything that cannot fail with a status (``cancel``, ``code``, ``trailing_metadata``, …) is grpc's."""
        return getattr(self._inner, name)

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._done(self._result).__await__()

    async def __aiter__(self) -> AsyncIterator[Any]:
        try:
            await self._reach()
            async for message in self._inner:
                yield message
        except grpc.RpcError as error:
            raise self._channel.as_error(error) from error
        finally:
            self._inner.cancel()  # no effect on a finished call; ends one that is no longer listened to

    async def read(self) -> Any:
        """Return the next message, or grpc.aio.EOF."""
        return await self._done(self._inner.read)

    async def write(self, message: Any) -> None:
        """Send a message."""
        await self._done(self._inner.write, message)

    async def done_writing(self) -> None:
        """Send the end of our stream."""
        await self._done(self._inner.done_writing)

    async def wait_for_connection(self) -> None:
        """Wait until the peer has taken the call."""
        await self._done(self._inner.wait_for_connection)

    async def _result(self) -> Any:
        return await self._inner

    async def _done(self, operation: Callable[..., Any], *arguments: Any) -> Any:
        try:
            await self._reach()
            return await operation(*arguments)
        except grpc.RpcError as error:
            raise self._channel.as_error(error) from error

    async def _reach(self) -> None:
        """Wait for the connection before the first operation; a call whose caller gives up is never made later."""
        if self._has_reached:
            return
        try:
            await self._channel.reach()
        except BaseException:
            self._inner.cancel()
            raise
        self._has_reached = True
