"""Leases, as their holders see them."""

import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass

from strata_chassis.database import Database
from strata_chassis.errors import InvalidArgument
from strata_oci.digest import Digest
from strata_store.adapters.records import garbage, layers, leases
from strata_store.adapters.records.finding import find_image
from strata_store.adapters.records.leases import LeaseRecord

_MAX_NAME_CHARACTERS = 255


@dataclass(frozen=True)
class LeaseStore:
    """All leases of the node."""

    database: Database

    async def create(
        self, name: str, images: Sequence[str], diff_ids: Sequence[Digest], ttl_ns: int | None
    ) -> LeaseRecord:
        """Make a lease, or give one another end and more to hold. Raises NotFound for what is not there."""
        if not name or len(name) > _MAX_NAME_CHARACTERS:
            raise InvalidArgument("a lease needs a name of 1 to 255 characters", reason="LEASE_NAME_INVALID")

        def work(connection: sqlite3.Connection) -> LeaseRecord:
            now_ns = time.time_ns()
            leases.put(connection, name, now_ns, None if ttl_ns is None else now_ns + ttl_ns)
            digests = [find_image(connection, image).digest for image in images]
            held = [layers.get(connection, diff_id).id for diff_id in diff_ids]
            leases.hold(connection, name, digests, held)
            return leases.get(connection, name)

        return await self.database.write(work)

    async def delete(self, name: str) -> bool:
        """End a lease, if there is one; true if something that only it held can be collected now."""

        def work(connection: sqlite3.Connection) -> bool:
            leases.delete(connection, name)
            return garbage.is_there(connection)

        return await self.database.write(work)

    async def page(self, after: str, prefix: str, size: int) -> list[LeaseRecord]:
        """Return leases by name."""
        return await self.database.read(lambda connection: leases.page(connection, after, prefix, size))
