"""Keeps the cache within its budget."""

import asyncio
import time
from concurrent.futures import Executor
from dataclasses import dataclass, replace

from strata_oci.digest import Digest
from strata_registry.adapters.cache.catalogue import Catalogue
from strata_registry.adapters.cache.leases import Leases
from strata_registry.adapters.cache.local_blobs import LocalBlobs
from strata_registry.adapters.cache.traffic import Traffic
from strata_registry.core.eviction import Held, choose_victims

_ORPHAN_LIFE_S = 86400.0  # how long a pushed blob waits for the manifest that names it


@dataclass(frozen=True, slots=True)
class Budget:
    """How much may stay; blobs used within the last ``grace_s`` belong to pulls under way and stay in any case."""

    bytes: int
    grace_s: float = 120.0


class Evictor:
    """Removes whole images, the least recently used first, but nothing that is being read."""

    def __init__(
        self, blobs: LocalBlobs, leases: Leases, catalogue: Catalogue, traffic: Traffic, budget: Budget
    ) -> None:
        self.budget = budget
        self.leases = leases
        self._blobs = blobs
        self._catalogue = catalogue
        self._traffic = traffic
        self._turn = asyncio.Lock()

    async def keep_budget(self, executor: Executor) -> None:
        """Evict what exceeds the budget; call after every blob that came in."""
        if self._blobs.total_bytes() > self.budget.bytes:
            await self.evict(executor, self.budget.bytes, grace_s=self.budget.grace_s)
        self._traffic.cache_bytes.set(self._blobs.total_bytes())

    async def evict(self, executor: Executor, keep_bytes: int, *, grace_s: float = 0.0) -> tuple[int, int]:
        """Evict until ``keep_bytes`` are left, if that is possible; return blobs and bytes removed."""
        async with self._turn:
            references = await self._catalogue.children()
            kept = await self._catalogue.kept(time.time() - _ORPHAN_LIFE_S)
            loop = asyncio.get_running_loop()
            candidates = self._candidates(grace_s, kept)
            victims = await loop.run_in_executor(executor, choose_victims, candidates, references, keep_bytes)
            freed = 0
            removed = []
            for digest in map(Digest.parse, victims):
                if not self.leases.is_held(digest):  # someone may have come while this loop waited
                    freed += await loop.run_in_executor(executor, self._blobs.remove, digest)
                    removed.append(str(digest))
            if removed:
                await self._catalogue.forget(removed)
        self._traffic.evicted_blobs.inc(len(removed))
        self._traffic.evicted_bytes.inc(freed)
        self._traffic.cache_bytes.set(self._blobs.total_bytes())
        return len(removed), freed

    def _candidates(self, grace_s: float, kept: set[str]) -> list[Held]:
        recent_s = time.time() - grace_s
        return [self._marked(held, recent_s, kept) for held in self._blobs.all()]

    def _marked(self, held: Held, recent_s: float, kept: set[str]) -> Held:
        is_read = held.used_at_s > recent_s or self.leases.is_held(Digest.parse(held.digest))
        return replace(held, is_kept=is_read, is_pinned=held.digest in kept)
