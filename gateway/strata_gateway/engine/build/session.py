"""What one build works with: the request, the other services, the lease that holds all it makes."""

import contextlib
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from strata.gateway.v1 import gateway_pb2 as pb
from strata.runtime.v1 import container_pb2, runtime_pb2
from strata.store.v1 import store_pb2 as store_pb
from strata_chassis.errors import Conflict, FailedPrecondition, NotFound
from strata_gateway.adapters.host import Host
from strata_gateway.adapters.peers import Peers
from strata_gateway.adapters.spool import Spool, SpoolFolder
from strata_gateway.adapters.tars import clamp_times
from strata_gateway.core.image_config import Step, encoded, with_step
from strata_gateway.engine.build.state import Config, StageState
from strata_gateway.engine.layers import CACHE_PREFIX, hold_layer, import_layer

_NO_MOMENT = "1970-01-01T00:00:00Z"


@dataclass(frozen=True)
class MadeLayer:
    """A step's layer, and when it was made first."""

    diff_id: str
    created: str


@dataclass(frozen=True)
class BuildSession:
    """Shared by all steps of one build.

    ``folder`` is for files that last no longer than a step; ``intermediates`` are images made for steps to stand on.
    """

    peers: Peers
    host: Host
    folder: SpoolFolder
    header: pb.BuildRequest.Header
    lease: str
    intermediates: set[str]

    def created(self, otherwise: str) -> str:
        """Moment to write into configs: a build that makes nothing new makes no new image either."""
        if not self.header.HasField("source_date_epoch"):
            return otherwise
        return datetime.fromtimestamp(self.header.source_date_epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    @property
    def latest_mtime_s(self) -> int | None:
        """Latest time files may have."""
        return self.header.source_date_epoch if self.header.HasField("source_date_epoch") else None

    async def image_of(self, state: StageState) -> str:
        """Manifest digest of an image with the stage's config, made when it is first needed."""
        if not state.image:
            request = store_pb.CreateImageRequest(config=encoded(state.config), lease=self.lease)
            state.image = (await self.peers.store.CreateImage(request)).image.digest
            self.intermediates.add(state.image)
        return state.image

    def advance(
        self, state: StageState, created_by: str, layer: MadeLayer | None, execution: Config | None = None
    ) -> None:
        """The stage after one more step; one that makes no layer is as old as the step before it."""
        made = layer.created if layer else state.config.get("created") or _NO_MOMENT
        step = Step(created=self.created(made), created_by=created_by, diff_id=layer.diff_id if layer else None)
        state.config = with_step(state.config, step, execution)
        state.image = ""

    async def cached(self, key: str) -> MadeLayer | None:
        """Layer a step made before; None when it was not made, or is gone."""
        if self.header.no_cache:
            return None
        listed = await self.peers.store.ListLeases(
            store_pb.ListLeasesRequest(page_size=1, name_prefix=f"{CACHE_PREFIX}{key}")
        )
        for lease in listed.leases:
            for diff_id in lease.layers:
                if await hold_layer(self.peers, self.lease, diff_id):
                    return MadeLayer(diff_id, lease.create_time.ToJsonString())
        return None

    async def remember(self, key: str, diff_id: str) -> MadeLayer:
        """Keep a step's layer for later builds: the cache is a lease by the step's key."""
        request = store_pb.CreateLeaseRequest(name=f"{CACHE_PREFIX}{key}", layers=[diff_id])
        made = (await self.peers.store.CreateLease(request)).lease
        return MadeLayer(diff_id, made.create_time.ToJsonString())

    @asynccontextmanager
    async def container(self, spec: container_pb2.ContainerSpec) -> AsyncIterator[str]:
        """ID of a container that exists within the block."""
        made = await self.peers.runtime.CreateContainer(runtime_pb2.CreateContainerRequest(spec=spec))
        try:
            yield made.container.id
        finally:
            request = runtime_pb2.DeleteContainerRequest(container=made.container.id, force=True, remove_volumes=True)
            await self.peers.runtime.DeleteContainer(request)

    async def layer_of_changes(self, container: str) -> str:
        """DiffID of a layer of what a container changed."""
        changes = self._changes(container)
        latest = self.latest_mtime_s
        if latest is None:
            return (await import_layer(self.peers, self.lease, changes)).diff_id
        with Spool(self.folder) as spool:
            await spool.fill(changes)
            with await spool.in_thread(clamp_times, spool, latest, self.folder) as clamped:
                return (await import_layer(self.peers, self.lease, clamped.whole())).diff_id

    async def _changes(self, container: str) -> AsyncIterator[bytes]:
        async for response in self.peers.runtime.ExportChanges(runtime_pb2.ExportChangesRequest(container=container)):
            yield response.data


async def drop_images(peers: Peers, digests: Iterable[str]) -> None:
    """Remove images that only steps of a build stood on; the cache keeps their layers."""
    for digest in digests:
        # Another build may stand on the same image at this moment, or somebody has given it a name.
        with contextlib.suppress(Conflict, FailedPrecondition, NotFound):
            await peers.store.RemoveImage(store_pb.RemoveImageRequest(image=digest))


def parsed_config(content: bytes) -> Config:
    """An image's config as a document."""
    config: Config = json.loads(content)
    return config
