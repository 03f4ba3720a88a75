"""A real grpc.aio server for the client to talk to."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import Future
from pathlib import Path

import grpc
import pytest
from google.protobuf.wrappers_pb2 import BytesValue, Int64Value
from google.rpc import error_details_pb2, status_pb2

from strata_client.wire.channel import Channel
from strata_client.wire.endpoint import Endpoint

MIB = 1024 * 1024
Context = grpc.aio.ServicerContext[BytesValue, BytesValue]


class Peer:
    """Methods that behave as their names say; ``cancelled`` is set when one that had ``started`` was given up."""

    def __init__(self) -> None:
        self.started = threading.Event()
        self.cancelled = threading.Event()
        self.sent_messages = 0
        self.metadata: dict[str, str] = {}

    async def Echo(self, request: BytesValue, context: Context) -> BytesValue:
        self.metadata = {key: str(value) for key, value in context.invocation_metadata() or ()}
        return request

    async def TimeLeft(self, _request: BytesValue, context: Context) -> BytesValue:
        return BytesValue(value=str(context.time_remaining()).encode())

    async def Fail(self, request: BytesValue, context: Context) -> BytesValue:
        info = error_details_pb2.ErrorInfo(reason="IMAGE_UNKNOWN", domain="strata.dev", metadata={"image": "ghöst"})
        status = status_pb2.Status(code=5, message="no such image: ghöst\n100%")
        status.details.add().Pack(info)
        context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
        await context.abort(grpc.StatusCode.NOT_FOUND, status.message)
        return request

    async def FailPlainly(self, request: BytesValue, context: Context) -> BytesValue:
        await context.abort(grpc.StatusCode.FAILED_PRECONDITION, "not now")
        return request

    async def Hang(self, request: BytesValue, _context: Context) -> BytesValue:
        self.started.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.cancelled.set()
        return request

    async def Count(self, request: BytesValue, _context: Context) -> AsyncIterator[BytesValue]:
        for number in range(int(request.value)):
            yield BytesValue(value=str(number).encode())

    async def Flood(self, request: BytesValue, context: Context) -> None:
        for _ in range(int(request.value)):
            await context.write(BytesValue(value=bytes(MIB)))
            self.sent_messages += 1

    async def AnswerAndHang(self, request: BytesValue, _context: Context) -> AsyncIterator[BytesValue]:
        try:
            yield request
            await asyncio.Event().wait()
        finally:
            self.cancelled.set()

    async def FailAfterTwo(self, request: BytesValue, context: Context) -> AsyncIterator[BytesValue]:
        yield request
        yield request
        await context.abort(grpc.StatusCode.DATA_LOSS, "broken")

    async def Converse(self, requests: AsyncIterator[BytesValue], _context: Context) -> AsyncIterator[BytesValue]:
        async for request in requests:
            yield BytesValue(value=request.value[::-1])
        yield BytesValue(value=b"bye")

    async def HangUp(self, _requests: AsyncIterator[BytesValue], _context: Context) -> AsyncIterator[BytesValue]:
        yield BytesValue(value=b"bye")

    async def Sum(self, requests: AsyncIterator[BytesValue], _context: Context) -> Int64Value:
        return Int64Value(value=sum([len(request.value) async for request in requests]))


def _handlers(peer: Peer) -> grpc.GenericRpcHandler:
    kinds = {
        grpc.unary_unary_rpc_method_handler: ["Echo", "TimeLeft", "Fail", "FailPlainly", "Hang"],
        grpc.unary_stream_rpc_method_handler: ["Count", "Flood", "AnswerAndHang", "FailAfterTwo"],
        grpc.stream_stream_rpc_method_handler: ["Converse", "HangUp"],
        grpc.stream_unary_rpc_method_handler: ["Sum"],
    }
    methods = {
        name: make(getattr(peer, name), BytesValue.FromString, lambda message: message.SerializeToString())
        for make, names in kinds.items()
        for name in names
    }
    return grpc.method_handlers_generic_handler("test.PeerService", methods)


class ServerThread:
    """A grpc.aio server on a loop of its own, since the client under test blocks."""

    def __init__(self, peer: Peer, path: Path) -> None:
        self._peer = peer
        self._path = path
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._server = self._wait(self._start)

    def stop_later(self, grace_s: float) -> "Future[None]":
        return asyncio.run_coroutine_threadsafe(self._server.stop(grace_s), self._loop)

    def close(self) -> None:
        self.stop_later(0).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _start(self) -> grpc.aio.Server:
        server = grpc.aio.server(options=[("grpc.max_receive_message_length", 32 * MIB)])
        server.add_generic_rpc_handlers((_handlers(self._peer),))
        server.add_insecure_port(f"unix:{self._path}")
        await server.start()
        return server

    def _wait(self, make: Callable[[], Awaitable[grpc.aio.Server]]) -> grpc.aio.Server:
        async def run() -> grpc.aio.Server:
            return await make()

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(10)


@pytest.fixture
def peer() -> Peer:
    return Peer()


@pytest.fixture
def server(peer: Peer, tmp_path: Path) -> Iterator[ServerThread]:
    running = ServerThread(peer, tmp_path / "peer.sock")
    yield running
    running.close()


@pytest.fixture
def endpoint(server: ServerThread, tmp_path: Path) -> Endpoint:
    assert server
    return Endpoint(path=str(tmp_path / "peer.sock"))


@pytest.fixture
def channel(endpoint: Endpoint) -> Iterator[Channel]:
    with Channel.open(endpoint) as opened:
        yield opened
