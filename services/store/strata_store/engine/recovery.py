"""What the store does at start: whatever was half-done goes, or is done."""

import logging
import sqlite3

from strata_chassis.logs import fields
from strata_store.engine.stores import Stores
from strata_store.engine.trim import trim_remnants

_log = logging.getLogger(__name__)


async def recover(stores: Stores) -> None:
    """Remove what no record names (it was being committed, or removed), and finish trims that were cut off."""

    def named(connection: sqlite3.Connection) -> tuple[list[str], list[str]]:
        layers = [row[0] for row in connection.execute("SELECT directory FROM layers")]
        return layers, [row[0] for row in connection.execute("SELECT chain FROM stacks")]

    strangers = stores.root.remove_strangers(*await stores.database.read(named))
    if strangers:
        _log.info("removed leftovers", extra=fields(count=len(strangers)))
    await trim_remnants(stores)
