"""What the records say about space, as the values that ``core.accounts`` adds up."""

import sqlite3
from collections import defaultdict

from strata_store.adapters.records.layers import mount_key
from strata_store.core.accounts import Holding, ImageUse, Inventory


def inventory(connection: sqlite3.Connection) -> Inventory:
    """Return all that is stored, and who needs it."""
    names: dict[str, list[str]] = defaultdict(list)
    for name, image in connection.execute("SELECT name, image FROM names ORDER BY name"):
        names[image].append(name)
    layers_of: dict[str, list[int]] = defaultdict(list)
    for image, layer in connection.execute("SELECT image, layer FROM image_layers ORDER BY image, position"):
        layers_of[image].append(layer)
    images = [
        ImageUse(digest, tuple(names[digest]), stack, tuple(layers_of[digest]))
        for digest, stack in connection.execute("SELECT digest, stack FROM images ORDER BY digest")
    ]
    leased = {row[0] for row in connection.execute("SELECT layer FROM lease_layers")}
    leased_images = {row[0] for row in connection.execute("SELECT image FROM lease_images")}
    loans, lent = _loans(connection)
    layers = {
        row["id"]: Holding(
            diff_id=row["diff_id"],
            is_live=bool(row["is_live"]),
            logical_bytes=row["logical_bytes"],
            stored_bytes=row["stored_bytes"],
            index_bytes=row["index_bytes"],
            borrowed_bytes=row["borrowed_bytes"],
            lent_bytes=lent[row["id"]],
            loans=loans[row["id"]],
            is_leased=row["id"] in leased,
            mount_key=mount_key(row["directory"], row["generation"]),
        )
        for row in connection.execute(
            "SELECT id, diff_id, is_live, logical_bytes, stored_bytes, index_bytes, borrowed_bytes,"
            " directory, generation FROM layers"
        ).fetchall()
    }
    stacks = {row[0]: row[1] for row in connection.execute("SELECT chain, stored_bytes FROM stacks")}
    return Inventory(images, layers, stacks, frozenset(leased_images))


def _loans(connection: sqlite3.Connection) -> tuple[dict[int, dict[int, int]], dict[int, int]]:
    """Return the bytes each layer borrows, by donor, and the bytes each donor lends, to whomever."""
    loans: dict[int, dict[int, int]] = defaultdict(dict)
    sql = """
        SELECT borrower, donor, SUM(size) FROM loans JOIN borrowed USING (borrower, device) GROUP BY borrower, donor
    """
    for borrower, donor, size in connection.execute(sql):
        loans[borrower][donor] = size
    sql = """
        SELECT donor, SUM(size) FROM (
            SELECT DISTINCT donor, digest, size FROM loans JOIN borrowed USING (borrower, device)
        ) GROUP BY donor
    """
    lent: dict[int, int] = defaultdict(int)
    lent.update((row[0], row[1]) for row in connection.execute(sql))
    return loans, lent


def totals(connection: sqlite3.Connection) -> dict[str, int]:
    """Return the figures that metrics show at every scrape: sums, no lists."""

    def ask(sql: str) -> int:
        return int(connection.execute(sql).fetchone()[0] or 0)

    logical = ask("SELECT SUM(logical_bytes) FROM images")
    return {
        "images": ask("SELECT COUNT(*) FROM images WHERE NOT is_removed"),
        "image_logical_bytes": logical,
        "layers": ask("SELECT COUNT(*) FROM layers WHERE is_live"),
        "layer_logical_bytes": ask("SELECT SUM(logical_bytes) FROM layers WHERE is_live"),
        "stored_bytes": ask("SELECT SUM(stored_bytes) FROM layers") + ask("SELECT SUM(stored_bytes) FROM stacks"),
        "file_shared_bytes": ask("SELECT SUM(borrowed_bytes) FROM layers WHERE is_live"),
        "layer_shared_bytes": logical
        - ask("SELECT SUM(logical_bytes) FROM layers WHERE id IN (SELECT layer FROM image_layers)"),
        "leases": ask("SELECT COUNT(*) FROM leases"),
    }


def repositories_of(connection: sqlite3.Connection, layer: int) -> list[str]:
    """Return the repositories from which images with a layer were pulled."""
    rows = connection.execute(
        "SELECT DISTINCT repo_digest FROM repo_digests JOIN image_layers USING (image) WHERE layer = ?", (layer,)
    )
    return sorted({row[0].partition("@")[0] for row in rows})
