"""The store, as the runtime uses it: what to mount for an image, and leases that keep it there."""

from dataclasses import dataclass

import grpc

from strata.store.v1 import store_pb2, store_pb2_grpc
from strata_chassis.errors import NotFound
from strata_runtime.core.container.record import ImageMount, Layer

LEASE_PREFIX = "container/"
_PAGE = 1000


@dataclass(frozen=True, slots=True)
class ImageToRun:
    """An image under a lease: its manifest's digest, its ID, the exact text of its config, and what to mount."""

    digest: str
    image_id: str
    config: str
    mount: ImageMount


class StoreClient:
    """Calls of the store service. Raises the errors of the taxonomy."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = store_pb2_grpc.StoreServiceStub(channel)

    async def lease_image(self, image: str, container_id: str) -> ImageToRun:
        """Look an image up and keep it for a container, in one step."""
        request = store_pb2.GetImageMountRequest(image=image, lease=LEASE_PREFIX + container_id)
        response = await self._stub.GetImageMount(request)
        meta = _layer(response.meta) if response.HasField("meta") else None
        mount = ImageMount(
            tuple(_layer(layer) for layer in response.layers), tuple(_layer(layer) for layer in response.data), meta
        )
        return ImageToRun(response.image.digest, response.image.id, response.config.decode(), mount)

    async def end_lease(self, container_id: str) -> None:
        """Let the store collect the image if nobody else needs it."""
        try:
            await self._stub.DeleteLease(store_pb2.DeleteLeaseRequest(name=LEASE_PREFIX + container_id))
        except NotFound:
            return

    async def leased_containers(self) -> list[str]:
        """IDs of the containers that leases are held for."""
        found: list[str] = []
        token = ""
        while True:
            request = store_pb2.ListLeasesRequest(page_size=_PAGE, page_token=token, name_prefix=LEASE_PREFIX)
            page = await self._stub.ListLeases(request)
            found += [lease.name.removeprefix(LEASE_PREFIX) for lease in page.leases]
            token = page.next_page_token
            if not token:
                return found


def _layer(mount: store_pb2.ErofsMount) -> Layer:
    return Layer(mount.key, mount.index_path, tuple(mount.device_paths))
