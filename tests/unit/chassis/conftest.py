"""A server with a servicer of raw bytes, so that the chassis is tested without any contract."""

import asyncio
from contextlib import asynccontextmanager

import grpc
import pytest

from strata_chassis.channel import connect
from strata_chassis.metrics import Metrics
from strata_chassis.server import Server, ServerConfig

SERVICE = "test.v1.ProbeService"
_SHAPES = {
    "unary_unary": grpc.unary_unary_rpc_method_handler,
    "unary_stream": grpc.unary_stream_rpc_method_handler,
    "stream_unary": grpc.stream_unary_rpc_method_handler,
    "stream_stream": grpc.stream_stream_rpc_method_handler,
}


def attach(behaviours, server):
    """Do what generated code does: ``behaviours`` maps ``shape`` to a method's implementation."""
    handlers = {shape: _SHAPES[shape](behaviour) for shape, behaviour in behaviours.items()}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))


@pytest.fixture
def call():
    """Return the callable of one shape: ``call(channel, "unary_unary")(b"request")``."""
    return lambda channel, shape: getattr(channel, shape)(f"/{SERVICE}/{shape}")


@pytest.fixture
def serve(tmp_path):
    """Return a context manager that serves behaviours, and gives the server and a channel to it."""

    @asynccontextmanager
    async def serving(*, listen=None, client_tls=None, patience_s=60, **more):
        behaviours = {key: value for key, value in more.items() if key in _SHAPES}
        config = {key: value for key, value in more.items() if key not in _SHAPES}
        listen = listen or f"unix://{tmp_path}/probe.sock"
        server = Server(ServerConfig(listen=(listen,), **config), Metrics("probe"))
        server.add(attach, behaviours)
        server.bind()
        ready = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(server.run(ready.set))
            await ready.wait()
            async with connect(server.addresses[0], client_tls, patience_s=patience_s) as channel:
                yield server, channel
            server.stop()

    return serving
