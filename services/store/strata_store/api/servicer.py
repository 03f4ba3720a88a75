"""StoreService: translates between messages and the store's parts."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from strata.store.v1.store_pb2_grpc import StoreServiceServicer

from strata.store.v1 import store_pb2 as pb
from strata_chassis.errors import InvalidArgument
from strata_oci.descriptor import Descriptor
from strata_oci.digest import Digest
from strata_oci.errors import MalformedError
from strata_store.adapters.feed import Feed
from strata_store.adapters.ingest import Expected
from strata_store.adapters.records.garbage import Policy
from strata_store.adapters.registry import Source
from strata_store.api import messages
from strata_store.api.paging import make_token, page_size, read_token
from strata_store.core.names import names_for
from strata_store.engine.accounting import Accounting
from strata_store.engine.collector import Collector
from strata_store.engine.export import Exporter
from strata_store.engine.image_create import ImageCreator
from strata_store.engine.image_store import ImageStore
from strata_store.engine.layer_store import LayerStore
from strata_store.engine.lease_store import LeaseStore
from strata_store.engine.pull import LayerProgress, Puller, Wanted
from strata_store.engine.scrub import Scrubber, Task


@dataclass(frozen=True)
class Parts:
    """What the servicer speaks for."""

    images: ImageStore
    creator: ImageCreator
    layers: LayerStore
    exporter: Exporter
    leases: LeaseStore
    puller: Puller
    collector: Collector
    accounting: Accounting
    scrubber: Scrubber


class StoreServicer(StoreServiceServicer):
    """See protos/strata/store/v1 for what each method promises."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def EnsureImage(self, request: pb.EnsureImageRequest, context: Any) -> AsyncIterator[pb.EnsureImageResponse]:
        """Make an image present, and report on the way."""
        manifest = parse_digest(request.manifest_digest)
        names, repo_digests = names_for(request.reference, request.repository, manifest, request.index_digest)
        credentials = request.credentials if request.HasField("credentials") else None
        source = Source(request.repository, credentials)
        wanted = Wanted(manifest, source, names, repo_digests, request.lease)
        reports: asyncio.Queue[LayerProgress | None] = asyncio.Queue()
        async with unwrapped(), asyncio.TaskGroup() as tasks:
            work = tasks.create_task(self._parts.puller.ensure(wanted, reports.put_nowait))
            work.add_done_callback(lambda _: reports.put_nowait(None))
            while (report := await reports.get()) is not None:
                yield messages.progress(report)
            yield pb.EnsureImageResponse(image=messages.image(await work))

    async def CreateImage(self, request: pb.CreateImageRequest, context: Any) -> pb.CreateImageResponse:
        """Make an image of stored layers."""
        image = await self._parts.creator.create(request.config, request.manifest, request.names, request.lease)
        return pb.CreateImageResponse(image=messages.image(image))

    async def ListImages(self, request: pb.ListImagesRequest, context: Any) -> pb.ListImagesResponse:
        """List images, newest first."""
        found, token = await self._parts.images.page(
            read_token(request.page_token), page_size(request.page_size), request.reference_pattern
        )
        return pb.ListImagesResponse(images=map(messages.image, found), next_page_token=make_token(token))

    async def GetImage(self, request: pb.GetImageRequest, context: Any) -> pb.GetImageResponse:
        """Return an image with its documents."""
        image = await self._parts.images.find(request.image)
        _, manifest = await self._parts.images.content(image.digest)
        _, config = await self._parts.images.content(image.config)
        return pb.GetImageResponse(image=messages.image(image), manifest=manifest, config=config)

    async def TagImage(self, request: pb.TagImageRequest, context: Any) -> pb.TagImageResponse:
        """Name an image."""
        image = await self._parts.images.tag(request.image, request.reference)
        return pb.TagImageResponse(image=messages.image(image))

    async def RemoveImage(self, request: pb.RemoveImageRequest, context: Any) -> pb.RemoveImageResponse:
        """Take a name away, and what only it needed."""
        untagged = await self._parts.images.remove(request.image, is_forced=request.force)
        garbage = await self._parts.collector.collect(Policy())
        return pb.RemoveImageResponse(untagged=untagged, deleted=garbage.names)

    async def GetImageMount(self, request: pb.GetImageMountRequest, context: Any) -> pb.GetImageMountResponse:
        """Say what has to be mounted."""
        mount = await self._parts.images.mount(request.image, request.lease)
        return pb.GetImageMountResponse(
            image=messages.image(mount.image),
            config=mount.config,
            meta=messages.mount(mount.meta),
            layers=map(messages.mount, mount.layers),
            data=map(messages.mount, mount.data),
        )

    async def GetLayer(self, request: pb.GetLayerRequest, context: Any) -> pb.GetLayerResponse:
        """Return a layer."""
        details = await self._parts.layers.details(parse_digest(request.diff_id))
        return pb.GetLayerResponse(layer=messages.layer(details))

    async def ListLayers(self, request: pb.ListLayersRequest, context: Any) -> pb.ListLayersResponse:
        """List layers by diffID."""
        size = page_size(request.page_size)
        found = await self._parts.layers.page(read_token(request.page_token), size)
        token = make_token(found[-1].record.diff_id) if len(found) == size else ""
        return pb.ListLayersResponse(layers=map(messages.layer, found), next_page_token=token)

    async def ImportLayer(
        self,
        request_iterator: AsyncIterator[pb.ImportLayerRequest],
        context: Any,
    ) -> pb.ImportLayerResponse:
        """Store a layer from a stream."""
        first = await anext(request_iterator, pb.ImportLayerRequest())
        if not first.HasField("header") or not first.header.lease:
            raise InvalidArgument("an import begins with a header that names a lease", reason="HEADER_MISSING")
        diff_id = parse_digest(first.header.diff_id) if first.header.diff_id else None

        async def fill(feed: Feed) -> None:
            async for message in request_iterator:
                await feed.put(message.data)
            feed.end()

        committed = await self._parts.layers.ingest(fill, Expected(diff_id=diff_id), first.header.lease)
        details = await self._parts.layers.details(Digest.parse(committed.record.diff_id))
        return pb.ImportLayerResponse(layer=messages.layer(details), existed=committed.tree is None)

    async def ExportLayer(self, request: pb.ExportLayerRequest, context: Any) -> AsyncIterator[pb.ExportLayerResponse]:
        """Stream a layer's exact tar."""
        exporting = self._parts.exporter.export(parse_digest(request.diff_id), request.offset)
        async with contextlib.aclosing(exporting) as pieces:
            async for data in pieces:
                yield pb.ExportLayerResponse(data=data)

    async def GetContent(self, request: pb.GetContentRequest, context: Any) -> pb.GetContentResponse:
        """Return a manifest or config."""
        digest = parse_digest(request.digest)
        media_type, content = await self._parts.images.content(str(digest))
        return pb.GetContentResponse(
            target=messages.descriptor(Descriptor(media_type, digest, len(content))), content=content
        )

    async def CreateLease(self, request: pb.CreateLeaseRequest, context: Any) -> pb.CreateLeaseResponse:
        """Make or extend a lease."""
        ttl_ns = request.ttl.ToNanoseconds() if request.HasField("ttl") else None
        layers = [parse_digest(diff_id) for diff_id in request.layers]
        lease = await self._parts.leases.create(request.name, list(request.images), layers, ttl_ns)
        return pb.CreateLeaseResponse(lease=messages.lease(lease))

    async def DeleteLease(self, request: pb.DeleteLeaseRequest, context: Any) -> pb.DeleteLeaseResponse:
        """End a lease."""
        if await self._parts.leases.delete(request.name):
            await self._parts.collector.collect(Policy())
        return pb.DeleteLeaseResponse()

    async def ListLeases(self, request: pb.ListLeasesRequest, context: Any) -> pb.ListLeasesResponse:
        """List leases by name."""
        size = page_size(request.page_size)
        found = await self._parts.leases.page(read_token(request.page_token), request.name_prefix, size)
        token = make_token(found[-1].name) if len(found) == size else ""
        return pb.ListLeasesResponse(leases=map(messages.lease, found), next_page_token=token)

    async def CollectGarbage(self, request: pb.CollectGarbageRequest, context: Any) -> pb.CollectGarbageResponse:
        """Remove what nothing needs."""
        policy = Policy(dangling_images=request.dangling_images, unused_images=request.unused_images)
        garbage = await self._parts.collector.collect(policy, is_dry_run=request.dry_run)
        untagged = [name for image in garbage.images for name in image.names]
        return pb.CollectGarbageResponse(untagged=untagged, deleted=garbage.names, bytes_freed=garbage.bytes_freed)

    async def Scrub(self, request: pb.ScrubRequest, context: Any) -> AsyncIterator[pb.ScrubResponse]:
        """Verify what is stored."""
        diff_ids = [parse_digest(diff_id) for diff_id in request.diff_ids]
        task = Task(diff_ids, request.rate_bytes_per_second, is_repairing=request.repair)
        async for step in self._parts.scrubber.scrub(task):
            yield messages.scrub(step)

    async def GetSharingReport(
        self,
        request: pb.GetSharingReportRequest,
        context: Any,
    ) -> pb.GetSharingReportResponse:
        """Account for all that is stored."""
        return messages.report(await self._parts.accounting.report())


@contextlib.asynccontextmanager
async def unwrapped() -> AsyncIterator[None]:
    """Let a task group's failure out as what it was."""
    try:
        yield
    except BaseExceptionGroup as group:
        raise group.exceptions[0] from None


def parse_digest(text: str) -> Digest:
    """Read a digest. Raises InvalidArgument (DIGEST_INVALID)."""
    try:
        return Digest.parse(text)
    except MalformedError as error:
        raise InvalidArgument(error.message, reason=error.reason, metadata={"digest": text[:100]}) from error
