"""Put layers into the store under a lease that lasts as long as the work needs it."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from google.protobuf.duration_pb2 import Duration

from strata.store.v1 import store_pb2 as pb
from strata_chassis.errors import NotFound
from strata_gateway.adapters.peers import Peers

CACHE_PREFIX = "build-cache/"
"""Leases that hold the layers of build steps are called by the steps' keys."""

_CHUNK_BYTES = 1 << 20
_LEASE_TTL = Duration(seconds=6 * 3600)  # so that what a killed gateway was at goes some day


@asynccontextmanager
async def lease(peers: Peers, purpose: str) -> AsyncIterator[str]:
    """Name of a lease that exists within the block."""
    name = f"{purpose}/{uuid.uuid4().hex}"
    await peers.store.CreateLease(pb.CreateLeaseRequest(name=name, ttl=_LEASE_TTL))
    try:
        yield name
    finally:
        await peers.store.DeleteLease(pb.DeleteLeaseRequest(name=name))


async def import_layer(peers: Peers, lease_name: str, data: AsyncIterator[bytes], diff_id: str = "") -> pb.Layer:
    """Store one layer; a ``diff_id`` must be its own."""
    return (await peers.store.ImportLayer(_import_requests(lease_name, data, diff_id))).layer


async def _import_requests(
    lease_name: str, data: AsyncIterator[bytes], diff_id: str
) -> AsyncIterator[pb.ImportLayerRequest]:
    yield pb.ImportLayerRequest(header=pb.ImportLayerRequest.Header(diff_id=diff_id, lease=lease_name))
    async for chunk in data:
        for start in range(0, len(chunk), _CHUNK_BYTES):
            yield pb.ImportLayerRequest(data=chunk[start : start + _CHUNK_BYTES])


async def hold_layer(peers: Peers, lease_name: str, diff_id: str) -> bool:
    """Take a layer that is here already into the lease; False when it is not here."""
    try:
        await peers.store.CreateLease(pb.CreateLeaseRequest(name=lease_name, layers=[diff_id], ttl=_LEASE_TTL))
    except NotFound:
        return False
    return True
