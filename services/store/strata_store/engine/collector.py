"""Removing what nothing needs: from the records in one step, then from the disk."""

import sqlite3
import time
from dataclasses import dataclass

from strata_store.adapters.figures import Counts
from strata_store.adapters.records import garbage
from strata_store.adapters.records.garbage import Garbage, Policy
from strata_store.engine.stores import Stores
from strata_store.engine.trim import trim_remnants


class _DryRun(Exception):
    def __init__(self, found: Garbage) -> None:
        super().__init__()
        self.found = found


@dataclass(frozen=True)
class Collector:
    """The garbage collector of the store."""

    stores: Stores
    counts: Counts

    async def collect(self, policy: Policy, *, is_dry_run: bool = False) -> Garbage:
        """Remove what neither a name nor a lease needs, and what ``policy`` adds; returns what that was.

        If it is stopped between the two steps, the next start removes the files.
        """
        if is_dry_run:
            return await self._look(policy)
        async with self.stores.images.committing:
            found = await self.stores.database.write(
                lambda connection: garbage.collect(connection, policy, time.time_ns())
            )
            await self.stores.threads.run(self._remove, found)
            found.bytes_freed += await trim_remnants(self.stores)
        self.counts.collected_bytes.inc(found.bytes_freed)
        return found

    async def _look(self, policy: Policy) -> Garbage:
        def work(connection: sqlite3.Connection) -> None:
            raise _DryRun(garbage.collect(connection, policy, time.time_ns()))

        try:
            await self.stores.database.write(work)
        except _DryRun as result:
            return result.found
        return Garbage()

    def _remove(self, found: Garbage) -> None:
        for _, directory in found.layers:
            self.stores.root.remove_layer(directory)
        for stack in found.stacks:
            self.stores.root.remove_image(stack)
