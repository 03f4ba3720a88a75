"""Giving out a layer's exact tar, held for as long as that takes."""

import sqlite3
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from secrets import token_hex

from strata_chassis.errors import NotFound
from strata_oci.digest import Digest
from strata_store.adapters.records import garbage, leases
from strata_store.adapters.records.garbage import Policy
from strata_store.engine.collector import Collector
from strata_store.engine.stores import Stores

LEASES = "export/"
"""Begins the names of the leases of running exports: none outlives the process."""


@dataclass(frozen=True)
class Exporter:
    """Streams layers. A lease keeps each from being removed or trimmed, and those it borrows from, too."""

    stores: Stores
    collector: Collector

    async def export(self, diff_id: Digest, offset: int) -> AsyncGenerator[bytes, None]:
        """Yield the exact tar from ``offset`` on; close it when it is left early. Raises NotFound, OutOfRange."""
        lease = LEASES + token_hex(8)
        try:
            record = await self.stores.layers.hold(diff_id, lease)
            if record is None:
                raise NotFound(f"there is no layer {diff_id}", reason="LAYER_UNKNOWN", metadata={"layer": str(diff_id)})
            async with aclosing(self.stores.layers.export(record, offset)) as pieces:
                async for piece in pieces:
                    yield piece
        finally:
            await self._release(lease)

    async def _release(self, lease: str) -> None:
        def work(connection: sqlite3.Connection) -> bool:
            leases.delete(connection, lease)
            return garbage.is_there(connection)

        if await self.stores.database.write(work):
            await self.collector.collect(Policy())
