"""Servicer of strata.registry.v1.RegistryService."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp
from strata.registry.v1.registry_pb2_grpc import RegistryServiceServicer

from strata.registry.v1 import registry_pb2 as pb
from strata_oci.platform import Platform
from strata_registry.adapters.proxy.blobs import Blobs
from strata_registry.adapters.proxy.bundles import Bundles
from strata_registry.adapters.proxy.cache_keeping import CacheKeeping
from strata_registry.adapters.proxy.images import Images
from strata_registry.adapters.proxy.listing import Listing
from strata_registry.adapters.proxy.manifests import Manifests
from strata_registry.adapters.proxy.pushing import Pushing
from strata_registry.adapters.proxy.resolver import resolve
from strata_registry.api import blob_stream, messages
from strata_registry.core.repository import parse_digest, parse_reference, parse_repository, parse_tag_or_digest

Context = Any  # grpc.aio.ServicerContext[...]: generic in types that carry no meaning here


@dataclass(frozen=True, slots=True)
class Proxy:
    """What the servicer translates to."""

    manifests: Manifests
    blobs: Blobs
    listing: Listing
    pushing: Pushing
    keeping: CacheKeeping
    images: Images
    bundles: Bundles
    host_platform: Platform
    may_share_paths: bool


class RegistryServicer(RegistryServiceServicer):
    """Translates calls; see the contract for what each does."""

    def __init__(self, proxy: Proxy) -> None:
        self._proxy = proxy

    async def Resolve(self, request: pb.ResolveRequest, context: Context) -> pb.ResolveResponse:
        """Resolve a reference for a platform."""
        reference = parse_reference(request.reference).with_default_tag()
        resolved = await resolve(
            self._proxy.manifests,
            reference,
            messages.platform(request.platform) or self._proxy.host_platform,
            messages.credential(request.credentials),
            messages.freshness(request.freshness),
        )
        return pb.ResolveResponse(
            canonical_reference=str(reference),
            repository=reference.name,
            target=messages.descriptor(resolved.target),
            manifest=messages.descriptor(resolved.manifest),
            stale=resolved.is_stale,
        )

    async def GetManifest(self, request: pb.GetManifestRequest, context: Context) -> pb.GetManifestResponse:
        """Return a manifest, exactly as the registry has it."""
        manifest = await self._proxy.manifests.get(
            parse_repository(request.repository),
            parse_tag_or_digest(request.reference),
            messages.credential(request.credentials),
        )
        return pb.GetManifestResponse(target=messages.descriptor(manifest.descriptor), content=manifest.content)

    async def FetchBlob(self, request: pb.FetchBlobRequest, context: Context) -> AsyncIterator[pb.FetchBlobResponse]:
        """Stream a blob, or the progress of its file."""
        digest = parse_digest(request.digest)
        credential = messages.credential(request.credentials)
        async with self._proxy.blobs.open(parse_repository(request.repository), digest, credential) as reader:
            if request.accept_local_path and self._proxy.may_share_paths:
                stream = blob_stream.progress(reader, request.offset)
            else:
                stream = blob_stream.data(reader, request.offset)
            async for message in stream:
                yield message

    async def PushBlob(
        self, request_iterator: AsyncIterator[pb.PushBlobRequest], context: Context
    ) -> pb.PushBlobResponse:
        """Upload a blob."""
        header, data = await blob_stream.header_and_data(request_iterator)
        pushed = await self._proxy.pushing.push_blob(
            parse_repository(header.repository),
            parse_digest(header.digest),
            data,
            size_bytes=header.size_bytes or None,
            mount_from=parse_repository(header.mount_from) if header.mount_from else None,
            credential=messages.credential(header.credentials),
        )
        return pb.PushBlobResponse(target=messages.descriptor(pushed.descriptor), existed=pushed.existed)

    async def PushManifest(self, request: pb.PushManifestRequest, context: Context) -> pb.PushManifestResponse:
        """Upload a manifest or index."""
        descriptor = await self._proxy.pushing.push_manifest(
            parse_repository(request.repository),
            parse_tag_or_digest(request.reference),
            request.content,
            request.media_type,
            messages.credential(request.credentials),
        )
        return pb.PushManifestResponse(target=messages.descriptor(descriptor))

    async def ListTags(self, request: pb.ListTagsRequest, context: Context) -> pb.ListTagsResponse:
        """List a page of tags."""
        page = await self._proxy.listing.tags(
            parse_repository(request.repository),
            messages.credential(request.credentials),
            page_size=request.page_size,
            after=request.page_token,
        )
        return pb.ListTagsResponse(tags=page.entries, next_page_token=page.next_token)

    async def ListReferrers(self, request: pb.ListReferrersRequest, context: Context) -> pb.ListReferrersResponse:
        """List a page of referrers."""
        page = await self._proxy.listing.referrers(
            parse_repository(request.repository),
            parse_digest(request.digest),
            messages.credential(request.credentials),
            artifact_type=request.artifact_type,
            page_size=request.page_size,
            after=request.page_token,
        )
        return pb.ListReferrersResponse(
            referrers=[messages.descriptor(entry) for entry in page.entries], next_page_token=page.next_token
        )

    async def CheckCredentials(
        self, request: pb.CheckCredentialsRequest, context: Context
    ) -> pb.CheckCredentialsResponse:
        """Ask a registry whether it accepts credentials."""
        credential = messages.credential(request.credentials)
        token = await self._proxy.pushing.check_credentials(request.registry, credential)
        return pb.CheckCredentialsResponse(identity_token=token)

    async def GetCacheUsage(self, request: pb.GetCacheUsageRequest, context: Context) -> pb.GetCacheUsageResponse:
        """Say what the cache holds."""
        usage = await self._proxy.keeping.usage()
        oldest = None if usage.oldest_use_s is None else Timestamp(seconds=int(usage.oldest_use_s))
        return pb.GetCacheUsageResponse(
            blobs=usage.blobs,
            bytes=usage.bytes,
            budget_bytes=usage.budget_bytes,
            hits=usage.hits,
            misses=usage.misses,
            oldest_use_time=oldest,
            partial_blobs=usage.partial_blobs,
        )

    async def PruneCache(self, request: pb.PruneCacheRequest, context: Context) -> pb.PruneCacheResponse:
        """Evict blobs that nobody reads."""
        keep_bytes = request.keep_bytes if request.HasField("keep_bytes") else None
        removed = await self._proxy.keeping.prune(keep_bytes)
        return pb.PruneCacheResponse(blobs_removed=removed.blobs, bytes_freed=removed.bytes)

    async def PinImage(self, request: pb.PinImageRequest, context: Context) -> pb.PinImageResponse:
        """Fetch an image and keep it."""
        platforms = [found for message in request.platforms if (found := messages.platform(message))]
        pin = await self._proxy.images.pin(
            parse_reference(request.reference).with_default_tag(),
            None if request.all_platforms else platforms or [self._proxy.host_platform],
            messages.credential(request.credentials),
        )
        return pb.PinImageResponse(pin=pb.Pin(reference=pin.reference, digest=pin.digest))

    async def UnpinImage(self, request: pb.UnpinImageRequest, context: Context) -> pb.UnpinImageResponse:
        """Let an image go."""
        await self._proxy.images.unpin(parse_reference(request.reference).with_default_tag())
        return pb.UnpinImageResponse()

    async def ListPins(self, request: pb.ListPinsRequest, context: Context) -> pb.ListPinsResponse:
        """List what is kept."""
        page = await self._proxy.images.pins(page_size=request.page_size, after=request.page_token)
        pins = [pb.Pin(reference=pin.reference, digest=pin.digest) for pin in page.entries]
        return pb.ListPinsResponse(pins=pins, next_page_token=page.next_token)

    async def ExportImages(
        self, request: pb.ExportImagesRequest, context: Context
    ) -> AsyncIterator[pb.ExportImagesResponse]:
        """Stream images as one tar."""
        references = [parse_reference(text).with_default_tag() for text in request.references]
        async for piece in self._proxy.bundles.write(references):
            yield pb.ExportImagesResponse(data=piece)

    async def ImportImages(
        self, request_iterator: AsyncIterator[pb.ImportImagesRequest], context: Context
    ) -> pb.ImportImagesResponse:
        """Take the tar of images in."""
        imported = await self._proxy.bundles.read(message.data async for message in request_iterator)
        return pb.ImportImagesResponse(references=imported.references, blobs=imported.blobs)
