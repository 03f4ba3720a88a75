"""Manifests and tags through the cache."""

import asyncio
import logging
import time
from dataclasses import dataclass

from strata_chassis.errors import NotFound, ResourceExhausted, StrataError, Unavailable
from strata_oci.descriptor import Descriptor
from strata_oci.digest import Digest
from strata_registry.adapters.cache.blob_cache import BlobCache
from strata_registry.adapters.cache.catalogue import Catalogue, record_of
from strata_registry.adapters.single_flight import SingleFlight
from strata_registry.adapters.upstream.manifests import UpstreamManifests
from strata_registry.core.credentials import Credential
from strata_registry.core.freshness import CachedTag, Freshness, TagAction, tag_action
from strata_registry.core.manifest import LARGEST_BYTES, examine
from strata_registry.core.repository import Repository

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TagRules:
    """How long tags are believed, and what happens when nobody can be asked."""

    ttl_s: float = 60.0
    patience_s: float = 15.0
    is_offline: bool = False
    serve_deleted_tags: bool = True


@dataclass(frozen=True, slots=True)
class CachedManifest:
    """A manifest out of the proxy; ``is_stale`` when upstream could not be asked whether the tag moved."""

    content: bytes
    media_type: str
    digest: Digest
    is_stale: bool = False

    @property
    def descriptor(self) -> Descriptor:
        """Describe it."""
        return Descriptor(self.media_type, self.digest, len(self.content))


class Manifests:
    """Answers for tags and manifests."""

    def __init__(
        self,
        upstream: UpstreamManifests,
        cache: BlobCache,
        catalogue: Catalogue,
        rules: TagRules,
        *,
        tasks: asyncio.TaskGroup,
    ) -> None:
        self._upstream = upstream
        self._cache = cache
        self._catalogue = catalogue
        self._rules = rules
        self._tags = SingleFlight[CachedManifest](tasks)
        self._fetches = SingleFlight[tuple[CachedManifest, str]](tasks)

    def stop(self) -> None:
        """Ask nobody any more."""
        self._tags.stop()
        self._fetches.stop()

    async def get(
        self,
        repository: Repository,
        reference: Digest | str,
        credential: Credential | None = None,
        freshness: Freshness = Freshness.REVALIDATE,
    ) -> CachedManifest:
        """Return a manifest by digest or tag. Raises what upstream refuses with."""
        if isinstance(reference, Digest):
            return await self._by_digest(repository, reference, credential)
        return await self._by_tag(repository, reference, credential, freshness)

    async def _by_tag(
        self, repository: Repository, tag: str, credential: Credential | None, freshness: Freshness
    ) -> CachedManifest:
        cached = await self._catalogue.tag(str(repository), tag)
        action = tag_action(
            cached, freshness, now_s=time.time(), ttl_s=self._rules.ttl_s, offline=self._rules.is_offline
        )
        if action is TagAction.REFUSE:
            raise _not_cached(f"{repository}:{tag}")
        if cached is None or action is TagAction.ASK:
            return await self._ask(repository, tag, credential, cached)
        if action is TagAction.ANSWER:
            return await self._by_digest(repository, Digest.parse(cached.digest), credential)
        return await self._ask_else_stale(repository, tag, credential, cached)

    async def _ask_else_stale(
        self, repository: Repository, tag: str, credential: Credential | None, cached: CachedTag
    ) -> CachedManifest:
        try:
            async with asyncio.timeout(self._rules.patience_s):
                return await self._ask(repository, tag, credential, cached)
        except (TimeoutError, StrataError) as error:
            digest = Digest.parse(cached.digest)
            if not self._may_be_stale(error) or not self._cache.has(digest):
                raise
            _log.warning("%s:%s is answered from the cache: %s", repository, tag, str(error) or "no answer in time")
            self._cache.traffic.revalidations.labels("stale").inc()
            manifest = await self._by_digest(repository, digest, credential)
            return CachedManifest(manifest.content, manifest.media_type, manifest.digest, is_stale=True)

    def _may_be_stale(self, error: Exception) -> bool:
        """Tell whether an old answer is better than this error."""
        if isinstance(error, NotFound):
            return self._rules.serve_deleted_tags
        is_limited = isinstance(error, ResourceExhausted) and error.reason == "REGISTRY_RATE_LIMITED"
        return is_limited or isinstance(error, TimeoutError | Unavailable)

    async def _ask(
        self, repository: Repository, tag: str, credential: Credential | None, cached: CachedTag | None
    ) -> CachedManifest:
        """Ask upstream where a tag points; a crowd asks once."""
        question = (repository, tag, credential)
        return await self._tags.ask(question, lambda: self._look_up(repository, tag, credential, cached))

    async def _look_up(
        self, repository: Repository, tag: str, credential: Credential | None, cached: CachedTag | None
    ) -> CachedManifest:
        """Ask where a tag points, and fetch the manifest only if it is not here."""
        head = await self._upstream.head(repository, tag, credential, cached.etag if cached else "")
        digest = Digest.parse(cached.digest) if cached and head.is_unchanged else head.digest
        if digest is None:
            manifest, etag = await self._fetch(repository, tag, credential)
        else:
            manifest, etag = await self._by_digest(repository, digest, credential), head.etag
        found = CachedTag(str(manifest.digest), time.time(), etag)
        await self._catalogue.put_tag(str(repository), tag, found)
        is_same = cached is not None and cached.digest == found.digest
        self._cache.traffic.revalidations.labels("unchanged" if is_same else "changed").inc()
        return manifest

    async def _by_digest(self, repository: Repository, digest: Digest, credential: Credential | None) -> CachedManifest:
        content = await self._cache.content(digest, LARGEST_BYTES)
        if content is not None:
            return await self._held(repository, digest, content)
        if self._rules.is_offline:
            raise _not_cached(f"{repository}@{digest}")
        manifest, _ = await self._fetch(repository, str(digest), credential)
        return manifest

    async def _held(self, repository: Repository, digest: Digest, content: bytes) -> CachedManifest:
        """Return a manifest that is here; one that came from the shared store is noted first."""
        record = await self._catalogue.manifest(str(digest))
        if record is None:
            facts = examine(content, "", what=f"{repository}@{digest}")
            record = record_of(facts, digest, len(content))
            await self._catalogue.put_manifest(record)
        return CachedManifest(content, record.media_type, digest)

    async def _fetch(
        self, repository: Repository, reference: str, credential: Credential | None
    ) -> tuple[CachedManifest, str]:
        question = (repository, reference, credential)
        return await self._fetches.ask(question, lambda: self._download(repository, reference, credential))

    async def _download(
        self, repository: Repository, reference: str, credential: Credential | None
    ) -> tuple[CachedManifest, str]:
        """Fetch, check and keep a manifest; return it with its ETag."""
        fetched = await self._upstream.get(repository, reference, credential)
        separator = "@" if ":" in reference else ":"
        facts = examine(fetched.content, fetched.content_type, what=f"{repository}{separator}{reference}")
        await self._cache.put(fetched.digest, fetched.content)
        await self._catalogue.put_manifest(record_of(facts, fetched.digest, len(fetched.content)))
        return CachedManifest(fetched.content, facts.media_type, fetched.digest), fetched.etag


def _not_cached(what: str) -> NotFound:
    return NotFound(
        f"{what} is not in the cache, and the registry service is offline",
        reason="MANIFEST_UNKNOWN",
        metadata={"reference": what},
    )
