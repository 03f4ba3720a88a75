"""Whole images in the cache: fetching them, keeping them, listing their parts."""

import asyncio
from collections.abc import Sequence

from strata_chassis.errors import NotFound
from strata_oci.descriptor import Descriptor
from strata_oci.digest import Digest
from strata_oci.index import Index
from strata_oci.platform import Platform
from strata_oci.reference import Reference
from strata_registry.adapters.cache.blob_cache import BlobCache
from strata_registry.adapters.cache.catalogue import Catalogue
from strata_registry.adapters.cache.pins import Pin, Pins
from strata_registry.adapters.proxy.blobs import Blobs
from strata_registry.adapters.proxy.listing import ListPage, checked_page_size
from strata_registry.adapters.proxy.manifests import Manifests
from strata_registry.core.credentials import Credential
from strata_registry.core.manifest import LARGEST_BYTES, ManifestFacts, examine
from strata_registry.core.repository import Repository
from strata_registry.core.selection import select

_AT_ONCE = 4


class Images:
    """Deals with images as wholes."""

    def __init__(self, manifests: Manifests, blobs: Blobs, cache: BlobCache, catalogue: Catalogue, pins: Pins) -> None:
        self._manifests = manifests
        self._blobs = blobs
        self._cache = cache
        self._catalogue = catalogue
        self._pins = pins

    async def pin(
        self, reference: Reference, platforms: Sequence[Platform] | None, credential: Credential | None
    ) -> Pin:
        """Fetch an image for the platforms (None: for all) and keep it."""
        repository = Repository(reference.domain, reference.path)
        target = await self._manifests.get(repository, reference.digest or reference.tag or "", credential)
        await self._pins.put(pin := Pin(str(reference), str(target.digest)))  # first: nothing of it is evicted again
        await self._fetch(repository, target.digest, platforms, credential)
        await self._cache.settle()
        return pin

    async def unpin(self, reference: Reference) -> None:
        """Let an image go. Raises NotFound."""
        await self._pins.remove(str(reference))

    async def pins(self, *, page_size: int, after: str) -> ListPage[Pin]:
        """List what is kept, from the reference after ``after``."""
        size = checked_page_size(page_size)
        found = await self._pins.some(after=after, limit=size + 1)
        return ListPage(found[:size], found[size - 1].reference if len(found) > size else "")

    async def cached(self, reference: Reference) -> Descriptor:
        """Return what a reference stands for by the cache's knowledge. Raises NotFound."""
        digest = reference.digest
        if digest is None:
            tag = await self._catalogue.tag(reference.name, reference.tag or "")
            digest = Digest.parse(tag.digest) if tag else None
        record = await self._catalogue.manifest(str(digest)) if digest else None
        if record is None or digest is None:
            raise NotFound(
                f"{reference} is not in the cache", reason="MANIFEST_UNKNOWN", metadata={"reference": str(reference)}
            )
        return Descriptor(record.media_type, digest, record.size_bytes)

    async def parts(self, root: Digest) -> list[Digest]:
        """List a cached manifest and all it needs; of an index those manifests that are here.

        Raises NotFound when a part is missing.
        """
        facts = await self._facts(root)
        needs = [Digest.parse(need) for need in facts.needs]
        if facts.is_index:
            below = [await self.parts(need) for need in needs if self._cache.has(need)]
            return [root, *(digest for parts in below for digest in parts)]
        for need in needs:
            if not self._cache.has(need):
                raise NotFound(
                    f"{need}, a part of {root}, is not in the cache: pin the image first",
                    reason="BLOB_UNKNOWN",
                    metadata={"digest": str(need)},
                )
        return [root, *needs]

    async def _fetch(
        self,
        repository: Repository,
        root: Digest,
        platforms: Sequence[Platform] | None,
        credential: Credential | None,
    ) -> None:
        manifest = await self._manifests.get(repository, root, credential)
        document = examine(manifest.content, manifest.media_type, what=f"{repository}@{root}").document
        if isinstance(document, Index):
            for child in _children(document, platforms, f"{repository}@{root}"):
                await self._fetch(repository, child, platforms, credential)
            return
        digests = [part.digest for part in (document.config, *document.layers) if not part.urls]
        try:
            await self._fetch_blobs(repository, digests, credential)
        except ExceptionGroup as group:
            raise group.exceptions[0] from group  # the first that failed has stopped the others

    async def _fetch_blobs(
        self, repository: Repository, digests: Sequence[Digest], credential: Credential | None
    ) -> None:
        turn = asyncio.Semaphore(_AT_ONCE)
        async with asyncio.TaskGroup() as tasks:
            for digest in digests:
                tasks.create_task(self._fetch_blob(turn, repository, digest, credential))

    async def _fetch_blob(
        self, turn: asyncio.Semaphore, repository: Repository, digest: Digest, credential: Credential | None
    ) -> None:
        async with turn, self._blobs.open(repository, digest, credential) as reader:
            await reader.whole_size()

    async def _facts(self, digest: Digest) -> ManifestFacts:
        content = await self._cache.content(digest, LARGEST_BYTES)
        if content is None:
            raise NotFound(f"{digest} is not in the cache", reason="BLOB_UNKNOWN", metadata={"digest": str(digest)})
        return examine(content, "", what=str(digest))


def _children(index: Index, platforms: Sequence[Platform] | None, what: str) -> list[Digest]:
    if platforms is None:
        return [entry.digest for entry in index.manifests]
    return list(dict.fromkeys(select(index, platform, what=what).digest for platform in platforms))
