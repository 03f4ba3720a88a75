"""The server's interceptor: what happens around every call, whatever its shape.

From the outside in: request id, access log and latency, error mapping, deadline, the servicer's method. A method that
streams its answer is driven from here, so that its generator is closed at the moment the caller is gone.
"""

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Any

import grpc

from strata_chassis import deadline, request_id
from strata_chassis.access import AccessLog, Call
from strata_chassis.errors_grpc import CODES, DETAILS_KEY, status_code_of, to_status
from strata_chassis.errors_unexpected import as_strata_error

Handler = Any  # grpc.RpcMethodHandler: its types name neither its behaviours nor their shapes
Context = grpc.aio.ServicerContext[Any, Any]
Behaviour = Callable[[Any, Context], Awaitable[Any]]


class CallInterceptor(grpc.aio.ServerInterceptor):
    """Wraps every method of every servicer."""

    def __init__(self, access: AccessLog) -> None:
        self._access = access

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler:
        """Return the method's handler with all of this module around it."""
        handler = await continuation(handler_call_details)
        if handler is None:
            return None
        return _wrapped(handler, str(handler_call_details.method), self._around)

    @asynccontextmanager
    async def _around(self, method: str, context: Context) -> AsyncIterator[None]:
        offered = dict(context.invocation_metadata() or ()).get(request_id.METADATA_KEY)
        call = Call(method, context.peer())
        with request_id.bound(request_id.accept(offered)), self._access.observed(call):
            try:
                async with _within_deadline(context):
                    yield
            except grpc.aio.AbortError:
                call.code = _code_name(context)
                raise
            except Exception as exception:  # noqa: BLE001 - the border: everything becomes a status here
                await self._abort(exception, call, context)

    async def _abort(self, exception: Exception, call: Call, context: Context) -> None:
        error = as_strata_error(exception)
        code = status_code_of(error)
        call.failed(code.name, error, cause=None if error is exception else exception)
        status = to_status(error)
        details = ((DETAILS_KEY, status.SerializeToString()),)
        await context.abort(code, status.message, details)


@asynccontextmanager
async def _within_deadline(context: Context) -> AsyncIterator[None]:
    timeout_s = context.time_remaining()
    async with asyncio.timeout(timeout_s):
        with deadline.bound(timeout_s):
            yield


def _code_name(context: Context) -> str:
    code: Any = context.code()  # an int or a StatusCode, whatever its type says
    return code.name if isinstance(code, grpc.StatusCode) else CODES[code].name


def _wrapped(handler: Handler, method: str, around: Callable[[str, Context], Any]) -> Handler:
    """Return a handler of the same shape whose behaviour runs inside ``around``."""
    make = {
        (False, False): grpc.unary_unary_rpc_method_handler,
        (False, True): grpc.unary_stream_rpc_method_handler,
        (True, False): grpc.stream_unary_rpc_method_handler,
        (True, True): grpc.stream_stream_rpc_method_handler,
    }[handler.request_streaming, handler.response_streaming]
    inner = handler.unary_unary or handler.unary_stream or handler.stream_unary or handler.stream_stream
    if handler.response_streaming and inspect.isasyncgenfunction(inner):
        inner = _written(inner)

    async def behaviour(request: Any, context: Context) -> Any:
        async with around(method, context):
            return await inner(request, context)

    return make(
        behaviour,
        request_deserializer=handler.request_deserializer,
        response_serializer=handler.response_serializer,
    )


def _written(generate: Callable[[Any, Context], Any]) -> Behaviour:
    """Return a coroutine function that writes what an async generator yields, and closes it in every case."""

    async def write(request: Any, context: Context) -> None:
        async with aclosing(generate(request, context)) as messages:
            async for message in messages:
                await context.write(message)

    return write
