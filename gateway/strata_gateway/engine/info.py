"""What runs here: the host, the services and whether they answer, what they hold."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import TypeVar

from grpc_health.v1 import health_pb2

from strata.gateway.v1 import gateway_pb2 as pb
from strata.runtime.v1 import runtime_pb2
from strata_chassis.errors import StrataError
from strata_gateway.adapters.host import Host
from strata_gateway.adapters.peers import Endpoints, Peers
from strata_gateway.engine.listing import all_images, all_layers

T = TypeVar("T")

ANSWER_WITHIN_S = 0.5
"""What a service is given to say how it is: whoever asks how things are wants to know now."""


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
        runtime = group.create_task(runtime_info(peers))
        counts = group.create_task(if_it_answers(_counts(peers)))
        serving = {name: group.create_task(is_serving(peers, name)) for name in peers.health}
    images, layers = counts.result() or (0, 0)
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
    answer = await if_it_answers(peers.health[name].Check(health_pb2.HealthCheckRequest()))
    return answer is not None and answer.status == health_pb2.HealthCheckResponse.SERVING


async def if_it_answers(asking: Awaitable[T], within_s: float = ANSWER_WITHIN_S) -> T | None:
    """The answer, or None from a service that has none in time."""
    try:
        async with asyncio.timeout(within_s):
            return await asking
    except (StrataError, TimeoutError):
        return None


async def runtime_info(peers: Peers) -> runtime_pb2.GetRuntimeInfoResponse | None:
    """What the runtime says of itself, if it answers."""
    return await if_it_answers(peers.runtime.GetRuntimeInfo(runtime_pb2.GetRuntimeInfoRequest()))


async def _counts(peers: Peers) -> tuple[int, int]:
    """Images and layers."""
    images = len([image async for image in all_images(peers)])
    return images, len([layer async for layer in all_layers(peers)])
