"""Collect the suite's figures from the services, all at once; a silent service costs half a second at most."""

import asyncio

from strata.registry.v1 import registry_pb2 as registry_pb
from strata.runtime.v1 import runtime_pb2
from strata.store.v1 import store_pb2 as store_pb
from strata_gateway.adapters.peers import Peers
from strata_gateway.core.figures import CacheFigures, Figures, RuntimeFigures, StoreFigures
from strata_gateway.engine.info import if_it_answers, is_serving

# Adding up what every layer shares takes a large store longer than saying that it is there.
_REPORT_WITHIN_S = 2.0


async def measure(peers: Peers) -> Figures:
    """Ask every service whether it serves, and those that do what they have."""
    async with asyncio.TaskGroup() as group:
        serving = {name: group.create_task(is_serving(peers, name)) for name in peers.health}
    up = {name: answer.result() for name, answer in serving.items()}
    async with asyncio.TaskGroup() as group:
        runtime = group.create_task(if_it_answers(_runtime(peers))) if up["runtime"] else None
        store = group.create_task(if_it_answers(_store(peers), _REPORT_WITHIN_S)) if up["store"] else None
        cache = group.create_task(if_it_answers(_cache(peers))) if up["registry"] else None
    return Figures(
        up | {"gateway": True},
        runtime.result() if runtime else None,
        store.result() if store else None,
        cache.result() if cache else None,
    )


async def _runtime(peers: Peers) -> RuntimeFigures:
    info = await peers.runtime.GetRuntimeInfo(runtime_pb2.GetRuntimeInfoRequest())
    return RuntimeFigures(dict(info.containers), {mount.key: mount.containers for mount in info.layer_mounts})


async def _store(peers: Peers) -> StoreFigures:
    report = await peers.store.GetSharingReport(store_pb.GetSharingReportRequest())
    return StoreFigures(
        images=len(report.images),
        layers=len(report.layers),
        logical_bytes=report.logical_bytes,
        stored_bytes=report.stored_bytes,
        shared_bytes=sum(layer.shared_bytes for layer in report.layers),
        reclaimable_bytes=report.reclaimable_bytes,
    )


async def _cache(peers: Peers) -> CacheFigures:
    usage = await peers.registry.GetCacheUsage(registry_pb.GetCacheUsageRequest())
    return CacheFigures(usage.blobs, usage.bytes, usage.hits, usage.misses)
