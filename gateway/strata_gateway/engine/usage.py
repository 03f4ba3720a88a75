"""What images, containers, volumes and caches take on disk, and images in memory."""

import asyncio

from strata.gateway.v1 import gateway_pb2 as pb
from strata.registry.v1 import registry_pb2 as registry_pb
from strata.runtime.v1 import container_pb2, runtime_pb2
from strata.store.v1 import store_pb2 as store_pb
from strata_chassis.errors import NotFound
from strata_gateway.adapters.peers import Peers
from strata_gateway.core.memory import MountedLayer, Residency, residency
from strata_gateway.engine.listing import all_containers, all_volumes


async def disk_usage(peers: Peers, request: pb.GetDiskUsageRequest) -> pb.GetDiskUsageResponse:
    """Ask all services at once."""
    async with asyncio.TaskGroup() as group:
        images = group.create_task(_images(peers))
        memory = group.create_task(_memory(peers)) if request.include_memory else None
        containers = group.create_task(_containers(peers))
        volumes = group.create_task(_volumes(peers))
        cache = group.create_task(_cache(peers))
    found = memory.result() if memory else residency(())
    return pb.GetDiskUsageResponse(
        images=_with_memory(images.result(), found),
        containers=containers.result(),
        volumes=volumes.result(),
        cache_bytes=cache.result().bytes,
        cache_reclaimable_bytes=cache.result().bytes,
        resident_bytes=found.total_bytes,
        memory_saved_bytes=found.saved_bytes,
    )


async def _images(peers: Peers) -> store_pb.GetSharingReportResponse:
    return await peers.store.GetSharingReport(store_pb.GetSharingReportRequest())


async def _memory(peers: Peers) -> Residency:
    info = await peers.runtime.GetRuntimeInfo(runtime_pb2.GetRuntimeInfoRequest(include_memory=True))
    measured = [mount for mount in info.layer_mounts if mount.HasField("resident_bytes")]
    return residency(MountedLayer(mount.key, mount.resident_bytes, mount.containers) for mount in measured)


def _with_memory(report: store_pb.GetSharingReportResponse, memory: Residency) -> store_pb.GetSharingReportResponse:
    """Note in the store's report what the runtime found in memory."""
    for layer in report.layers:
        layer.resident_bytes = memory.by_key.get(layer.mount_key, 0)
    by_diff_id = {layer.digest: layer.resident_bytes for layer in report.layers}
    for image in report.images:
        image.resident_bytes = sum(by_diff_id.get(diff_id, 0) for diff_id in set(image.layers))
    return report


async def _containers(peers: Peers) -> list[pb.GetDiskUsageResponse.ContainerUsage]:
    listed = [container async for container in all_containers(peers)]
    measured = [await _measured(peers, container) for container in listed]
    return [usage for usage in measured if usage is not None]


async def _measured(peers: Peers, container: container_pb2.Container) -> pb.GetDiskUsageResponse.ContainerUsage | None:
    try:
        got = await peers.runtime.GetContainer(
            runtime_pb2.GetContainerRequest(container=container.id, include_size=True)
        )
    except NotFound:  # it went meanwhile
        return None
    return pb.GetDiskUsageResponse.ContainerUsage(container=got.container, upper_bytes=got.upper_bytes)


async def _volumes(peers: Peers) -> list[runtime_pb2.Volume]:
    return [volume async for volume in all_volumes(peers, include_size=True)]


async def _cache(peers: Peers) -> registry_pb.GetCacheUsageResponse:
    return await peers.registry.GetCacheUsage(registry_pb.GetCacheUsageRequest())
