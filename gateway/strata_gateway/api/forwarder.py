"""Serve methods of another service at this address: bytes in, bytes out, nothing decoded.

Metadata, deadline, cancellation and status (with its details) pass through, so that a caller cannot tell the
difference, except that a service which does not answer is named.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Any

import grpc
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor

from strata_chassis import request_id
from strata_chassis.errors import Unavailable
from strata_chassis.errors_grpc import DETAILS_KEY

Context = grpc.aio.ServicerContext[bytes, bytes]
Reach = Callable[[], Awaitable[None]]
Metadata = tuple[tuple[str, str | bytes], ...]

# Set by the transport anew for each hop. Source: the gRPC over HTTP2 specification, "Requests".
_HOP_BY_HOP = {"user-agent", "te", "content-type", request_id.METADATA_KEY}


class ForwardedService(grpc.ServiceRpcHandler):
    """The ``exposed`` methods of one service over ``channel``, which must raise grpc's own errors.

    ``reach`` is awaited before each call: it waits for a service that restarts, and raises Unavailable in the end.
    """

    def __init__(
        self, descriptor: ServiceDescriptor, exposed: Iterable[str], channel: grpc.aio.Channel, reach: Reach
    ) -> None:
        self._name = descriptor.full_name
        methods = [descriptor.methods_by_name[name] for name in exposed]
        self._handlers = {_path(method): _handler(method, channel, reach) for method in methods}

    def service_name(self) -> str:
        """Full name of the service, for health and reflection."""
        return self._name

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
        """Return the handler of an exposed method; None for all others."""
        return self._handlers.get(str(handler_call_details.method))


def _path(method: MethodDescriptor) -> str:
    assert method.containing_service is not None  # noqa: S101 - methods are always found in a service
    return f"/{method.containing_service.full_name}/{method.name}"


def _handler(method: MethodDescriptor, channel: grpc.aio.Channel, reach: Reach) -> Any:
    kind = f"{_arity(streams=method.client_streaming)}_{_arity(streams=method.server_streaming)}"
    call = getattr(channel, kind)(_path(method))
    forward = _stream_answer(call, reach) if method.server_streaming else _unary_answer(call, reach)
    return getattr(grpc, f"{kind}_rpc_method_handler")(forward)


def _arity(*, streams: bool) -> str:
    return "stream" if streams else "unary"


def _unary_answer(call: Callable[..., Any], reach: Reach) -> Callable[[Any, Context], Any]:
    async def forward(request: bytes | AsyncIterator[bytes], context: Context) -> bytes:
        await reach()
        ongoing = call(request, metadata=_metadata(context), timeout=context.time_remaining())
        try:
            return bytes(await ongoing)
        except grpc.aio.AioRpcError as error:
            raise await _pass_on(error, context) from error

    return forward


def _stream_answer(call: Callable[..., Any], reach: Reach) -> Callable[[Any, Context], Any]:
    async def forward(request: bytes | AsyncIterator[bytes], context: Context) -> None:
        await reach()
        ongoing = call(request, metadata=_metadata(context), timeout=context.time_remaining())
        try:
            async for message in ongoing:
                await context.write(message)
        except grpc.aio.AioRpcError as error:
            raise await _pass_on(error, context) from error
        finally:
            ongoing.cancel()

    return forward


def _metadata(context: Context) -> Metadata:
    given = context.invocation_metadata() or ()
    kept = [(key, value) for key, value in given if key not in _HOP_BY_HOP and not key.startswith("grpc-")]
    return (*kept, (request_id.METADATA_KEY, request_id.current() or request_id.new()))


async def _pass_on(error: grpc.aio.AioRpcError, context: Context) -> Unavailable:
    """End the call as the service ended it; return an error of our own if the service was not reached."""
    trailing = tuple(error.trailing_metadata() or ())
    if error.code() is grpc.StatusCode.UNAVAILABLE and DETAILS_KEY not in dict(trailing):
        return Unavailable(f"a service of the suite does not answer: {error.details()}", reason="SERVICE_UNREACHABLE")
    return await context.abort(error.code(), error.details() or "", trailing)
