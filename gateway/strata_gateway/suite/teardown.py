"""Remove all containers and what they left on the host: networks, mounts, namespaces. Images and volumes stay."""

from collections.abc import Callable
from typing import Any

from strata_gateway.suite.failure import SuiteFailure
from strata_gateway.suite.services import Layout, service_named

_CALL_WITHIN_S = 60.0
_PAGE = 1000


def remove_everything(layout: Layout, tell: Callable[[str], None]) -> None:
    """Ask the runtime, which owns all of it; the suite must be up."""
    import grpc

    with grpc.insecure_channel(f"unix:{layout.socket(service_named('runtime'))}") as channel:
        try:
            _remove(channel, tell)
        except grpc.RpcError as error:
            raise SuiteFailure(f"the runtime could not clean up: {error.details()}") from error


def _remove(channel: Any, tell: Callable[[str], None]) -> None:
    from strata.runtime.v1.runtime_pb2_grpc import RuntimeServiceStub

    from strata.runtime.v1 import runtime_pb2 as pb

    runtime = RuntimeServiceStub(channel)
    removed = 0
    while containers := runtime.ListContainers(
        pb.ListContainersRequest(all=True, page_size=_PAGE), timeout=_CALL_WITHIN_S
    ).containers:
        for container in containers:
            request = pb.DeleteContainerRequest(container=container.id, force=True, remove_volumes=True)
            runtime.DeleteContainer(request, timeout=_CALL_WITHIN_S)
        removed += len(containers)
    tell(f"containers: {removed} removed")
    runtime.Teardown(pb.TeardownRequest(), timeout=_CALL_WITHIN_S)
    tell("networks and mounts: removed")
