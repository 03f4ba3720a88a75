"""What runs here: the host, the services and whether they answer, what they hold."""

import asyncio
from dataclasses import dataclass

from grpc_health.v1 import health_pb2

from strata.gateway.v1 import gateway_pb2 as pb
from strata.runtime.v1 import runtime_pb2
from strata_chassis.errors import DeadlineExceeded, StrataError, Unavailable
from strata_gateway.adapters.host import Host
from strata_gateway.adapters.peers import Endpoints, Peers
from strata_gateway.engine.listing import all_images, all_layers

ANSWER_WITHIN_S = 2.0
_SILENT = (Unavailable, DeadlineExceeded)


@dataclass(frozen=True)
class Installation:
    """What stays the same while the gateway runs."""

    id: str
    state_dir: str
    version: str
    endpoints: Endpoints


async def info(peers: Peers, installation: Installation, host: Host) -> pb.GetInfoResponse:
    """Ask all services at once; one that does not answer is listed so, and what it knows is left out."""
    async with asyncio.TaskGroup() as group:
        runtime = group.create_task(_runtime_info(peers))
        counts = group.create_task(_counts(peers))
        serving = {name: group.create_task(is_serving(peers, name)) for name in peers.health}
    images, layers = counts.result()
    return pb.GetInfoResponse(
        runtime=runtime.result(),
        images=images,
        layers=layers,
        services=[
            pb.GetInfoResponse.Service(
                name=name,
                serving=answer.result(),
                version=installation.version if answer.result() else "",
                endpoint=getattr(installation.endpoints, name),
            )
            for name, answer in serving.items()
        ],
        state_dir=installation.state_dir,
        hostname=host.name,
        operating_system=host.operating_system,
        id=installation.id,
        architecture=host.architecture,
    )


async def is_serving(peers: Peers, name: str) -> bool:
    """Whether a service says that it serves."""
    try:
        answer = await peers.health[name].Check(health_pb2.HealthCheckRequest(), timeout=ANSWER_WITHIN_S)
    except StrataError:
        return False
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


async def _runtime_info(peers: Peers) -> runtime_pb2.GetRuntimeInfoResponse | None:
    try:
        return await peers.runtime.GetRuntimeInfo(runtime_pb2.GetRuntimeInfoRequest(), timeout=ANSWER_WITHIN_S)
    except _SILENT:
        return None


async def _counts(peers: Peers) -> tuple[int, int]:
    """Images and layers."""
    try:
        images = len([image async for image in all_images(peers)])
        return images, len([layer async for layer in all_layers(peers)])
    except _SILENT:
        return 0, 0
