"""Whole lists from calls that answer in pages."""

from collections.abc import AsyncIterator

from strata.runtime.v1 import container_pb2, runtime_pb2
from strata.store.v1 import store_pb2 as store_pb
from strata_gateway.adapters.peers import Peers

_PAGE = 1000


async def all_images(peers: Peers, pattern: str = "") -> AsyncIterator[store_pb.Image]:
    """Every image, newest first; ``pattern`` is that of ListImages."""
    token = ""
    while True:
        page = await peers.store.ListImages(
            store_pb.ListImagesRequest(page_size=_PAGE, page_token=token, reference_pattern=pattern)
        )
        for image in page.images:
            yield image
        token = page.next_page_token
        if not token:
            return


async def all_layers(peers: Peers) -> AsyncIterator[store_pb.Layer]:
    """Every layer, by diffID."""
    token = ""
    while True:
        page = await peers.store.ListLayers(store_pb.ListLayersRequest(page_size=_PAGE, page_token=token))
        for layer in page.layers:
            yield layer
        token = page.next_page_token
        if not token:
            return


async def all_containers(
    peers: Peers, request: runtime_pb2.ListContainersRequest | None = None
) -> AsyncIterator[container_pb2.Container]:
    """Every container ``request`` selects (by default all, running or not), newest first."""
    asked = runtime_pb2.ListContainersRequest(all=True)
    if request is not None:
        asked.CopyFrom(request)
    asked.page_size = _PAGE
    while True:
        page = await peers.runtime.ListContainers(asked)
        for container in page.containers:
            yield container
        asked.page_token = page.next_page_token
        if not asked.page_token:
            return


async def all_networks(peers: Peers) -> AsyncIterator[runtime_pb2.Network]:
    """Every network, by name."""
    token = ""
    while True:
        page = await peers.runtime.ListNetworks(runtime_pb2.ListNetworksRequest(page_size=_PAGE, page_token=token))
        for network in page.networks:
            yield network
        token = page.next_page_token
        if not token:
            return


async def all_volumes(peers: Peers, *, include_size: bool = False) -> AsyncIterator[runtime_pb2.Volume]:
    """Every volume, by name."""
    token = ""
    while True:
        page = await peers.runtime.ListVolumes(
            runtime_pb2.ListVolumesRequest(page_size=_PAGE, page_token=token, include_size=include_size)
        )
        for volume in page.volumes:
            yield volume
        token = page.next_page_token
        if not token:
            return
