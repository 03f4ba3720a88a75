"""Collect the suite's figures from the services, all at once; a silent service costs two seconds at most."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from strata.registry.v1 import registry_pb2 as registry_pb
from strata.runtime.v1 import runtime_pb2
from strata.store.v1 import store_pb2 as store_pb
from strata_chassis.errors import StrataError
from strata_gateway.adapters.peers import Peers
from strata_gateway.core.figures import CacheFigures, Figures, RuntimeFigures, StoreFigures
from strata_gateway.engine.info import ANSWER_WITHIN_S, is_serving

T = TypeVar("T")


async def measure(peers: Peers) -> Figures:
    """Ask every service what it has."""
    async with asyncio.TaskGroup() as group:
        serving = {name: group.create_task(is_serving(peers, name)) for name in peers.health}
        runtime = group.create_task(_if_it_answers(_runtime(peers)))
        store = group.create_task(_if_it_answers(_store(peers)))
        cache = group.create_task(_if_it_answers(_cache(peers)))
    up = {name: answer.result() for name, answer in serving.items()} | {"gateway": True}
    return Figures(up, runtime.result(), store.result(), cache.result())


async def _if_it_answers(asking: Awaitable[T]) -> T | None:
    try:
        return await asking
    except StrataError:
        return None


async def _runtime(peers: Peers) -> RuntimeFigures:
    info = await peers.runtime.GetRuntimeInfo(runtime_pb2.GetRuntimeInfoRequest(), timeout=ANSWER_WITHIN_S)
    return RuntimeFigures(dict(info.containers), {mount.key: mount.containers for mount in info.layer_mounts})


async def _store(peers: Peers) -> StoreFigures:
    report = await peers.store.GetSharingReport(store_pb.GetSharingReportRequest(), timeout=ANSWER_WITHIN_S)
    return StoreFigures(
        images=len(report.images),
        layers=len(report.layers),
        logical_bytes=report.logical_bytes,
        stored_bytes=report.stored_bytes,
        shared_bytes=sum(layer.shared_bytes for layer in report.layers),
        reclaimable_bytes=report.reclaimable_bytes,
    )


async def _cache(peers: Peers) -> CacheFigures:
    usage = await peers.registry.GetCacheUsage(registry_pb.GetCacheUsageRequest(), timeout=ANSWER_WITHIN_S)
    return CacheFigures(usage.blobs, usage.bytes, usage.hits, usage.misses)
