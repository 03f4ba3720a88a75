"""What the store does at start: whatever was half-done goes."""

import logging
import sqlite3

from strata_chassis.database import Database
from strata_chassis.logs import fields
from strata_store.adapters.content_root import ContentRoot

_log = logging.getLogger(__name__)


async def recover(root: ContentRoot, database: Database) -> None:
    """Remove layers and indexes that no record names: they were being committed, or being removed."""

    def named(connection: sqlite3.Connection) -> tuple[list[str], list[str]]:
        layers = [row[0] for row in connection.execute("SELECT directory FROM layers")]
        return layers, [row[0] for row in connection.execute("SELECT chain FROM stacks")]

    strangers = root.remove_strangers(*await database.read(named))
    if strangers:
        _log.info("removed leftovers", extra=fields(count=len(strangers)))
