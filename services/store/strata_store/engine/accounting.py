"""The sharing report and the figures behind the metrics."""

from dataclasses import dataclass

from strata_chassis.database import Database
from strata_store.adapters.records import usage
from strata_store.core.accounts import Report, account


@dataclass(frozen=True)
class Accounting:
    """Adds up what is stored."""

    database: Database

    async def report(self, *, include_memory: bool = False) -> Report:
        """Return the account of the whole node."""
        del include_memory
        return account(await self.database.read(usage.inventory))

    async def totals(self) -> dict[str, int]:
        """Return the cheap sums."""
        return await self.database.read(usage.totals)
