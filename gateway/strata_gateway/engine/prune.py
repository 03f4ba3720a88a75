"""Prune: remove what nothing uses, of the kinds asked for, one object after the other."""

from collections.abc import AsyncIterator
from typing import TypeVar

from strata.gateway.v1 import gateway_pb2 as pb
from strata.runtime.v1 import container_pb2, runtime_pb2
from strata.store.v1 import store_pb2 as store_pb
from strata_chassis.errors import Conflict, NotFound, PermissionDenied
from strata_gateway.adapters.peers import Peers
from strata_gateway.core.selection import Selection
from strata_gateway.engine.layers import CACHE_PREFIX
from strata_gateway.engine.listing import all_containers, all_images, all_networks, all_volumes

T = TypeVar("T")
_ENDED = {
    container_pb2.Container.STATE_CREATED,
    container_pb2.Container.STATE_EXITED,
    container_pb2.Container.STATE_DEAD,
}
# Somebody began to use it, or was faster in removing it, since it was listed: that is no failure of a prune.
_NOT_OURS_ANY_MORE = (Conflict, NotFound)


async def prune(peers: Peers, request: pb.PruneRequest) -> pb.PruneResponse:
    """Remove; containers go first, since they hold the rest."""
    until_s = request.until.ToNanoseconds() / 1e9 if request.HasField("until") else None
    selection = Selection(until_s, tuple(request.labels))
    done = pb.PruneResponse()
    if request.containers:
        await _containers(peers, selection, done)
    if request.build_cache:
        await _build_cache(peers)
    if request.networks:
        await _networks(peers, selection, done)
    if request.anonymous_volumes or request.unused_volumes:
        await _volumes(peers, selection, done, named=request.unused_volumes)
    if request.build_cache and not (request.dangling_images or request.unused_images):
        done.bytes_freed += (await peers.store.CollectGarbage(store_pb.CollectGarbageRequest())).bytes_freed
    if request.dangling_images or request.unused_images:
        await _images(peers, selection, done, named=request.unused_images)
    return done


async def _containers(peers: Peers, selection: Selection, done: pb.PruneResponse) -> None:
    async for container in _snapshot(all_containers(peers)):
        if container.state not in _ENDED or not selection.takes(container.create_time.seconds, container.spec.labels):
            continue
        try:
            got = await peers.runtime.GetContainer(
                runtime_pb2.GetContainerRequest(container=container.id, include_size=True)
            )
            await peers.runtime.DeleteContainer(runtime_pb2.DeleteContainerRequest(container=container.id))
        except _NOT_OURS_ANY_MORE:
            continue
        done.containers.append(container.id)
        done.bytes_freed += got.upper_bytes


async def _build_cache(peers: Peers) -> None:
    """The cache is leases by the keys of steps: without them its layers go with the next collection."""
    while True:
        page = await peers.store.ListLeases(store_pb.ListLeasesRequest(page_size=1000, name_prefix=CACHE_PREFIX))
        for lease in page.leases:
            await peers.store.DeleteLease(store_pb.DeleteLeaseRequest(name=lease.name))
        if not page.leases:
            return


async def _networks(peers: Peers, selection: Selection, done: pb.PruneResponse) -> None:
    async for network in _snapshot(all_networks(peers)):
        if network.containers or not selection.takes(network.create_time.seconds, network.labels):
            continue
        try:
            await peers.runtime.DeleteNetwork(runtime_pb2.DeleteNetworkRequest(network=network.id))
        except (*_NOT_OURS_ANY_MORE, PermissionDenied):  # the predefined ones are not for pruning
            continue
        done.networks.append(network.name)


async def _volumes(peers: Peers, selection: Selection, done: pb.PruneResponse, *, named: bool) -> None:
    async for volume in _snapshot(all_volumes(peers, include_size=True)):
        may_go = (named or volume.anonymous) and not volume.container_ids
        if not may_go or not selection.takes(volume.create_time.seconds, volume.labels):
            continue
        try:
            await peers.runtime.DeleteVolume(runtime_pb2.DeleteVolumeRequest(volume=volume.name))
        except _NOT_OURS_ANY_MORE:
            continue
        done.volumes.append(volume.name)
        done.bytes_freed += volume.size_bytes


async def _images(peers: Peers, selection: Selection, done: pb.PruneResponse, *, named: bool) -> None:
    if selection.takes_all:
        request = store_pb.CollectGarbageRequest(dangling_images=True, unused_images=named)
        collected = await peers.store.CollectGarbage(request)
    else:
        await _selected_images(peers, selection, done, named=named)
        collected = await peers.store.CollectGarbage(store_pb.CollectGarbageRequest())
    done.untagged.extend(collected.untagged)
    done.deleted.extend(collected.deleted)
    done.bytes_freed += collected.bytes_freed


async def _selected_images(peers: Peers, selection: Selection, done: pb.PruneResponse, *, named: bool) -> None:
    used = {container.image_id async for container in all_containers(peers)}
    async for image in _snapshot(all_images(peers)):
        may_go = image.id not in used and (named or not image.names)
        if not may_go or not selection.takes(image.create_time.seconds, image.labels):
            continue
        try:
            removed = await peers.store.RemoveImage(store_pb.RemoveImageRequest(image=image.digest, force=True))
        except _NOT_OURS_ANY_MORE:
            continue
        done.untagged.extend(removed.untagged)
        done.deleted.extend(removed.deleted)


async def _snapshot(things: AsyncIterator[T]) -> AsyncIterator[T]:
    """Finish listing before anything is removed: a page must not shift under its reader."""
    for thing in [thing async for thing in things]:
        yield thing
