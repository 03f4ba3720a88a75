"""The sharing report and the figures behind the metrics."""

from dataclasses import dataclass, replace

from strata_chassis.database import Database
from strata_store.adapters.content_root import ContentRoot
from strata_store.adapters.records import usage
from strata_store.core.accounts import Report, account


@dataclass(frozen=True)
class Accounting:
    """Adds up what is stored."""

    database: Database
    root: ContentRoot

    async def report(self) -> Report:
        """Return the account of the whole node."""
        inventory = await self.database.read(usage.inventory)
        return account(replace(inventory, records_bytes=self.root.records_bytes()))

    async def totals(self) -> dict[str, int]:
        """Return the cheap sums."""
        return await self.database.read(usage.totals)
