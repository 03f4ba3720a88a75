"""What the cache holds, and emptying it on request."""

from dataclasses import dataclass

from strata_registry.adapters.cache.blob_cache import BlobCache


@dataclass(frozen=True, slots=True)
class CacheUsage:
    """Figures of the cache; ``bytes`` includes partial blobs, ``oldest_use_s`` is seconds of the epoch."""

    blobs: int
    partial_blobs: int
    bytes: int
    budget_bytes: int
    hits: int
    misses: int
    oldest_use_s: float | None


@dataclass(frozen=True, slots=True)
class Removed:
    """What was evicted."""

    blobs: int
    bytes: int


class CacheKeeping:
    """Looks into the cache and prunes it."""

    def __init__(self, cache: BlobCache) -> None:
        self._cache = cache

    async def usage(self) -> CacheUsage:
        """Count what is there."""
        held = self._cache.blobs.all()
        partial_count, partial_bytes = await self._cache.partial_usage()
        return CacheUsage(
            blobs=len(held),
            partial_blobs=partial_count,
            bytes=sum(blob.size_bytes for blob in held) + partial_bytes,
            budget_bytes=self._cache.evictor.budget.bytes,
            hits=self._cache.traffic.hits,
            misses=self._cache.traffic.misses,
            oldest_use_s=min((blob.used_at_s for blob in held), default=None),
        )

    async def prune(self, keep_bytes: int | None) -> Removed:
        """Evict down to ``keep_bytes`` (None: the budget); then partial blobs that nobody waits for go as well."""
        await self._cache.settle()
        budget_bytes = self._cache.evictor.budget.bytes if keep_bytes is None else max(0, keep_bytes)
        blobs, freed = await self._cache.evictor.evict(self._cache.executor, budget_bytes)
        partial_blobs, partial_bytes = await self._cache.drop_partials()
        return Removed(blobs + partial_blobs, freed + partial_bytes)
