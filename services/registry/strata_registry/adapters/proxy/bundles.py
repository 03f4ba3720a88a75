"""Images out of the cache and into it, as one tar."""

import secrets
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

from strata_chassis.errors import NotFound
from strata_oci.digest import Digest
from strata_oci.reference import Reference
from strata_registry.adapters.cache.appender import Appender
from strata_registry.adapters.cache.blob_cache import BlobCache
from strata_registry.adapters.cache.catalogue import Catalogue, record_of
from strata_registry.adapters.proxy.byte_stream import ByteStream
from strata_registry.adapters.proxy.images import Images
from strata_registry.core import bundle
from strata_registry.core.answers import digest_mismatch
from strata_registry.core.freshness import CachedTag
from strata_registry.core.manifest import LARGEST_BYTES, examine
from strata_registry.core.repository import parse_reference

_PIECE_BYTES = 1 << 20
_LARGEST_INDEX_BYTES = 16 << 20


@dataclass(frozen=True, slots=True)
class Imported:
    """What came out of a bundle."""

    references: list[str]
    blobs: int


class Bundles:
    """Writes and reads bundles."""

    def __init__(self, images: Images, cache: BlobCache, catalogue: Catalogue) -> None:
        self._images = images
        self._cache = cache
        self._catalogue = catalogue

    async def write(self, references: list[Reference]) -> AsyncIterator[bytes]:
        """Yield the tar of a layout with the images. Raises NotFound when the cache lacks a part of one."""
        targets = [(str(reference), await self._images.cached(reference)) for reference in references]
        parts = {digest: None for _, target in targets for digest in await self._images.parts(target.digest)}
        yield bundle.small_file(bundle.LAYOUT_NAME, bundle.LAYOUT)
        yield bundle.small_file(bundle.INDEX_NAME, bundle.write_index(targets))
        for digest in parts:
            async for piece in self._blob(digest):
                yield piece
        yield bundle.END_OF_TAR

    async def read(self, data: AsyncIterator[bytes]) -> Imported:
        """Take a bundle in, blob after verified blob; its tags last, when all they need is here.

        Raises InvalidArgument (BUNDLE_INVALID), DataLoss (DIGEST_MISMATCH).
        """
        stream = ByteStream(data)
        named: list[tuple[str, Digest]] = []
        blobs = 0
        while (member := bundle.parse_header(await stream.exactly(bundle.BLOCK_BYTES))) is not None:
            if member.digest is not None:
                await self._take(member.digest, stream, member.size_bytes)
                blobs += 1
            elif member.name == bundle.INDEX_NAME and member.size_bytes <= _LARGEST_INDEX_BYTES:
                named = bundle.read_index(await stream.exactly(member.size_bytes))
            else:
                await stream.skip(member.size_bytes)
            await stream.skip(member.padding_bytes)
        references = [await self._name(reference, digest) for reference, digest in named]
        return Imported(references, blobs)

    async def _blob(self, digest: Digest) -> AsyncIterator[bytes]:
        async with self._cache.open(digest, None) as reader:
            size = await reader.whole_size()
            yield bundle.header(bundle.blob_name(digest), size)
            position = 0
            while piece := await reader.read(position, _PIECE_BYTES):
                position += len(piece)
                yield piece
            yield bytes(-size % bundle.BLOCK_BYTES)

    async def _take(self, digest: Digest, stream: ByteStream, size_bytes: int) -> None:
        path = self._cache.blobs.layout.upload(f"import-{secrets.token_hex(8)}")
        appender = Appender(path, digest.algorithm, self._cache.executor)
        try:
            await appender.open()
            async for piece in stream.pieces(size_bytes):
                await appender.append(piece)
            if appender.digest() != digest:
                raise digest_mismatch(str(digest), str(appender.digest()), "a blob of the bundle")
            await appender.sync()
            await self._cache.adopt(digest, path)
        finally:
            appender.close()
            path.unlink(missing_ok=True)

    async def _name(self, text: str, digest: Digest) -> str:
        """Let a reference answer from the cache; it counts as never checked, so that a registry is asked if it can."""
        reference = parse_reference(text).with_default_tag()
        await self._record(digest)
        if reference.tag is not None:
            await self._catalogue.put_tag(reference.name, reference.tag, CachedTag(str(digest), time.time()))
        return str(reference)

    async def _record(self, digest: Digest) -> None:
        """Note a manifest that came in, and those below it."""
        content = await self._cache.content(digest, LARGEST_BYTES)
        if content is None:
            raise NotFound(f"the bundle lacks {digest}", reason="BLOB_UNKNOWN", metadata={"digest": str(digest)})
        facts = examine(content, "", what=str(digest))
        await self._catalogue.put_manifest(record_of(facts, digest, len(content)))
        for need in map(Digest.parse, facts.needs if facts.is_index else ()):
            if self._cache.has(need):
                await self._record(need)
