"""The running services against their contracts: everything promised is served, and introspection tells it."""

from collections.abc import Iterator

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

SERVICES = ["gateway", "registry", "runtime", "store"]
each_service = pytest.mark.parametrize("service", SERVICES)


@pytest.fixture
def channel(suite, service) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(f"unix:{suite.root}/run/{service}.sock") as opened:
        yield opened


def reflected(channel):
    stub = reflection_pb2_grpc.ServerReflectionStub(channel)
    request = reflection_pb2.ServerReflectionRequest(list_services="")
    (answer,) = stub.ServerReflectionInfo(iter([request]))
    return {service.name for service in answer.list_services_response.service}


@each_service
def test_reflection_lists_the_contract(channel, service, rpcs):
    promised = {rpc.service for rpc in rpcs if rpc.service.split(".")[1] == service}
    assert promised <= reflected(channel)


@each_service
def test_each_service_of_a_process_is_healthy(channel, service, rpcs):
    promised = {rpc.service for rpc in rpcs if rpc.service.split(".")[1] == service}
    health = health_pb2_grpc.HealthStub(channel)
    states = {name: health.Check(health_pb2.HealthCheckRequest(service=name)).status for name in ("", *promised)}
    assert set(states.values()) == {health_pb2.HealthCheckResponse.SERVING}


# Calls that would take away what other tests of the session use.
DESTRUCTIVE = {"Prune", "PruneCache", "CollectGarbage", "Teardown"}


def code_of_empty_call(channel, rpc):
    """Make a call with nothing in its request; what answers at all is fine, endless streams are given a second."""
    shape = f"{'stream' if rpc.is_streaming_request else 'unary'}_{'stream' if rpc.is_streaming_response else 'unary'}"
    method = getattr(channel, shape)(f"/{rpc.service}/{rpc.name}")
    try:
        answer = method(iter([b""]) if rpc.is_streaming_request else b"", timeout=1)
        if rpc.is_streaming_response:
            next(answer, None)
            answer.cancel()
    except grpc.RpcError as error:
        return error.code()
    return grpc.StatusCode.OK


@each_service
def test_every_call_is_implemented_and_none_fails_on_an_empty_request(channel, service, rpcs):
    calls = [rpc for rpc in rpcs if rpc.service.split(".")[1] == service and rpc.name not in DESTRUCTIVE]
    codes = {str(rpc): code_of_empty_call(channel, rpc) for rpc in calls}
    ours_to_mend = {grpc.StatusCode.UNIMPLEMENTED, grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN}
    assert {name: code for name, code in codes.items() if code in ours_to_mend} == {}


@each_service
def test_a_page_token_that_no_list_gave_is_refused_where_that_is_promised(channel, service, rpcs):
    def refused(rpc):
        number = next(field.number for field in rpc.request.field if field.name == "page_token")
        nonsense = bytes([number << 3 | 2, 8]) + b"nonsense"
        with pytest.raises(grpc.RpcError) as caught:
            channel.unary_unary(f"/{rpc.service}/{rpc.name}")(nonsense, timeout=20)
        return caught.value.code()

    paged = [rpc for rpc in rpcs if rpc.service.split(".")[1] == service and "PAGE_TOKEN_INVALID" in rpc.comment]
    assert {str(rpc): refused(rpc) for rpc in paged} == {str(rpc): grpc.StatusCode.INVALID_ARGUMENT for rpc in paged}
