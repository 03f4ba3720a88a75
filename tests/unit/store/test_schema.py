"""Databases of earlier versions are opened, and brought to the newest."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from strata_store.adapters.records import usage
from strata_store.adapters.records.schema import MIGRATIONS
from tests.unit.store.node import open_node
from tests.unit.store.test_sharing_between_layers import FIRST, SECOND

VERSION_1 = Path(__file__).with_name("schema_version_1.sql").read_text()


def test_released_migrations_do_not_change() -> None:
    assert MIGRATIONS[0].strip() in VERSION_1


async def test_a_store_of_version_1_is_opened_and_used(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "store.db") as connection:
        connection.executescript(VERSION_1 + "; PRAGMA user_version = 1;")
        connection.execute(
            "INSERT INTO layers (diff_id, directory, logical_bytes, stored_bytes, index_bytes, borrowed_bytes, entries,"
            " index_digest, stored_at_ns) VALUES ('sha256:old', 'old.00000000', 10, 4096, 4096, 0, 1, x'00', 1)"
        )
        connection.execute("INSERT INTO leases VALUES ('container/1', 1, NULL)")
        connection.execute("INSERT INTO lease_layers VALUES ('container/1', 1)")
    connection.close()
    (tmp_path / "layers" / "old.00000000").mkdir(parents=True)
    async with open_node(tmp_path) as node:
        await node.add_image("one", [FIRST, SECOND])
        totals = await node.stores.database.read(usage.totals)
        assert totals["layers"] == 3
