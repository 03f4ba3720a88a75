"""Other services' methods at the gateway's address: nothing is lost on the way."""

import asyncio

import grpc
import pytest
from google.rpc import status_pb2
from strata.runtime.v1.runtime_pb2_grpc import (
    RuntimeServiceServicer,
    RuntimeServiceStub,
    add_RuntimeServiceServicer_to_server,
)

from strata.registry.v1 import registry_pb2
from strata.runtime.v1 import runtime_pb2 as pb
from strata.store.v1 import store_pb2
from strata_chassis.channel import Channel
from strata_gateway.api.forwarder import ForwardedService
from strata_gateway.core import exposure

DESCRIPTOR = pb.DESCRIPTOR.services_by_name["RuntimeService"]
DETAILS = status_pb2.Status(code=5, message="no such container").SerializeToString()


class Runtime(RuntimeServiceServicer):
    """Remembers what it was asked, and how."""

    def __init__(self):
        self.metadata = {}
        self.time_remaining = None
        self.cancelled = asyncio.Event()

    async def GetContainer(self, request, context):
        self.metadata = dict(context.invocation_metadata())
        self.time_remaining = context.time_remaining()
        if request.container == "none":
            await context.abort(grpc.StatusCode.NOT_FOUND, "no such container", (("grpc-status-details-bin", DETAILS),))
        return pb.GetContainerResponse(upper_bytes=len(request.container))

    async def Attach(self, request_iterator, context):
        async for request in request_iterator:
            yield pb.AttachResponse(output=pb.StreamOutput(stdout=request.input.stdin.upper()))

    async def CopyIn(self, request_iterator, context):
        self.copied = b"".join([request.data async for request in request_iterator])
        return pb.CopyInResponse()

    async def WatchEvents(self, request, context):
        try:
            yield pb.WatchEventsResponse(event=pb.Event(cursor=1))
            await asyncio.Event().wait()
        finally:
            self.cancelled.set()


@pytest.fixture
async def runtime(tmp_path):
    service = Runtime()
    server = grpc.aio.server()
    add_RuntimeServiceServicer_to_server(service, server)
    server.add_insecure_port(f"unix:{tmp_path}/runtime.sock")
    await server.start()
    yield service
    await server.stop(None)


@pytest.fixture
async def through_gateway(tmp_path):
    async with grpc.aio.insecure_channel(f"unix:{tmp_path}/runtime.sock") as behind:
        server = grpc.aio.server()
        server.add_generic_rpc_handlers(
            (ForwardedService(DESCRIPTOR, exposure.RUNTIME_METHODS, behind, Channel(behind, "x", 5.0).reach),)
        )
        server.add_insecure_port(f"unix:{tmp_path}/gateway.sock")
        await server.start()
        async with grpc.aio.insecure_channel(f"unix:{tmp_path}/gateway.sock") as front:
            yield RuntimeServiceStub(front)
        await server.stop(None)


async def test_a_unary_call_reaches_its_service(runtime, through_gateway):
    response = await through_gateway.GetContainer(pb.GetContainerRequest(container="four"))
    assert response.upper_bytes == 4


async def test_an_error_keeps_its_code_message_and_details(runtime, through_gateway):
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await through_gateway.GetContainer(pb.GetContainerRequest(container="none"))
    assert raised.value.code() is grpc.StatusCode.NOT_FOUND
    assert raised.value.details() == "no such container"
    assert dict(raised.value.trailing_metadata())["grpc-status-details-bin"] == DETAILS


async def test_metadata_and_deadline_travel_along(runtime, through_gateway):
    await through_gateway.GetContainer(pb.GetContainerRequest(), metadata=(("x-who", "me"),), timeout=5)
    assert runtime.metadata["x-who"] == "me"
    assert 0 < runtime.time_remaining < 6


async def test_both_directions_stream(runtime, through_gateway):
    call = through_gateway.Attach()
    for word in (b"one", b"two"):
        await call.write(pb.AttachRequest(input=pb.StreamInput(stdin=word)))
        assert (await call.read()).output.stdout == word.upper()
    await call.done_writing()
    assert await call.read() is grpc.aio.EOF


async def test_a_stream_of_requests_ends_with_one_answer(runtime, through_gateway):
    await through_gateway.CopyIn(iter([pb.CopyInRequest(data=b"a"), pb.CopyInRequest(data=b"b")]))
    assert runtime.copied == b"ab"


async def test_cancelling_reaches_the_service(runtime, through_gateway):
    call = through_gateway.WatchEvents(pb.WatchEventsRequest())
    await call.read()
    call.cancel()
    await asyncio.wait_for(runtime.cancelled.wait(), 10)


async def test_what_is_not_exposed_is_not_there(runtime, through_gateway):
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await through_gateway.CreateContainer(pb.CreateContainerRequest())
    assert raised.value.code() is grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize(
    ("module", "exposed", "kept_inside"),
    [
        (pb, exposure.RUNTIME_METHODS, {"CreateContainer", "Teardown"}),
        (
            registry_pb2,
            exposure.REGISTRY_METHODS,
            {"GetManifest", "FetchBlob", "PushBlob", "PushManifest", "CheckCredentials"},
        ),
        (
            store_pb2,
            exposure.STORE_METHODS,
            {
                *{"EnsureImage", "CreateImage", "GetImageMount", "ImportLayer", "CollectGarbage"},
                *{"CreateLease", "DeleteLease", "ListLeases"},
            },
        ),
    ],
)
def test_every_method_of_a_service_is_exposed_or_kept_inside_on_purpose(module, exposed, kept_inside):
    (service,) = module.DESCRIPTOR.services_by_name.values()
    assert set(service.methods_by_name) - kept_inside == set(exposed)
