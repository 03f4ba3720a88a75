"""A gRPC service that is imported at its first call: channelz and reflection are rare, their memory is not free."""

from collections.abc import Callable, Sequence
from typing import Any

import grpc

Attach = Callable[[Any], None]  # attaches servicers to what looks like a server


class LazyService(grpc.GenericRpcHandler):
    """Answers for the methods of ``service``, whose handlers ``attach`` brings when they are first wanted."""

    def __init__(self, service: str, attach: Attach) -> None:
        self._prefix = f"/{service}/"
        self._attach = attach
        self._handlers: Sequence[grpc.GenericRpcHandler] = ()

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
        """Return the handler of a method, or None if it is not one of this service's."""
        if not str(handler_call_details.method).startswith(self._prefix):
            return None
        if not self._handlers:
            self._handlers = recorded(self._attach)
        found = (handler.service(handler_call_details) for handler in self._handlers)
        return next((handler for handler in found if handler is not None), None)


class _Recorder:
    """Stands in for a server where generated code attaches a servicer to one."""

    def __init__(self) -> None:
        self.handlers: list[grpc.GenericRpcHandler] = []

    def add_generic_rpc_handlers(self, handlers: Sequence[grpc.GenericRpcHandler]) -> None:
        self.handlers.extend(handlers)

    def add_registered_method_handlers(self, service: str, handlers: object) -> None:
        """Only a shortcut of the synchronous server; the generic handlers hold the same methods."""


def recorded(attach: Attach) -> Sequence[grpc.GenericRpcHandler]:
    """Return the handlers that ``attach`` adds to a server."""
    recorder = _Recorder()
    attach(recorder)
    return tuple(recorder.handlers)
