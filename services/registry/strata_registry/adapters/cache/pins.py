"""Images that are never evicted."""

from dataclasses import dataclass

from strata_chassis.database import Database
from strata_chassis.errors import NotFound


@dataclass(frozen=True, slots=True)
class Pin:
    """A full reference, and the digest it stood for when it was pinned."""

    reference: str
    digest: str


class Pins:
    """The table of pins."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, pin: Pin) -> None:
        """Keep an image, instead of what its reference stood for before."""
        statement = "INSERT OR REPLACE INTO pins VALUES (?, ?)"
        await self._database.write(lambda connection: connection.execute(statement, (pin.reference, pin.digest)))

    async def remove(self, reference: str) -> None:
        """Keep an image no longer. Raises NotFound (PIN_UNKNOWN)."""
        statement = "DELETE FROM pins WHERE reference = ?"
        removed = await self._database.write(lambda connection: connection.execute(statement, (reference,)).rowcount)
        if not removed:
            raise NotFound(f"{reference} is not pinned", reason="PIN_UNKNOWN", metadata={"reference": reference})

    async def some(self, *, after: str, limit: int) -> list[Pin]:
        """List pins in the order of their references, from the one after ``after``."""
        query = "SELECT reference, digest FROM pins WHERE reference > ? ORDER BY reference LIMIT ?"
        rows = await self._database.read(lambda connection: connection.execute(query, (after, limit)).fetchall())
        return [Pin(row["reference"], row["digest"]) for row in rows]
