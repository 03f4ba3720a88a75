"""What the store does at start: whatever was half-done goes, or is done."""

import logging
import sqlite3
from functools import partial

from strata_chassis.logs import fields
from strata_store.adapters.records import layers, leases
from strata_store.engine import export, scrub
from strata_store.engine.stores import Stores
from strata_store.engine.trim import trim_remnants

_log = logging.getLogger(__name__)


async def recover(stores: Stores) -> None:
    """Make records and disk agree.

    What no record names goes: it was being committed, or removed. What the disk does not have (the records came back
    from a copy) is used no more, and comes again when its image is pulled. Trims that were cut off are finished,
    and the leases of exports and scrubs that ended with the process are over.
    """

    def named(connection: sqlite3.Connection) -> tuple[list[str], list[str]]:
        directories = [row[0] for row in connection.execute("SELECT directory FROM layers")]
        return directories, [row[0] for row in connection.execute("SELECT chain FROM stacks")]

    for prefix in (export.LEASES, scrub.LEASES):
        await stores.database.write(partial(leases.delete_prefix, prefix=prefix, keep=frozenset()))
    strangers = stores.root.remove_strangers(*await stores.database.read(named))
    if strangers:
        _log.info("removed leftovers", extra=fields(count=len(strangers)))
    await stores.database.write(lambda connection: _give_up_missing(connection, stores))
    await trim_remnants(stores)


def _give_up_missing(connection: sqlite3.Connection, stores: Stores) -> None:
    for record in layers.every(connection):
        if layers.by_id(connection, record.id).is_damaged:
            continue
        if layers.borrows_damage(connection, record.id) or not stores.root.layer(record.directory).is_dir():
            layers.quarantine(connection, record.id)
            _log.warning("a layer is missing", extra=fields(layer=record.diff_id))
