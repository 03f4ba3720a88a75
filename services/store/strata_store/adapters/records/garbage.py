"""Finding what nothing needs, by the counters that triggers keep: the cost is that of the garbage."""

import sqlite3
from dataclasses import dataclass, field

from strata_store.adapters.records import images, layers, leases
from strata_store.adapters.records.images import ImageRecord


@dataclass
class Garbage:
    """What was taken out of the records, and so may go from the disk."""

    images: list[ImageRecord] = field(default_factory=list)
    layers: list[tuple[str, str]] = field(default_factory=list)
    """diffID and directory of each."""
    stacks: list[str] = field(default_factory=list)
    bytes_freed: int = 0

    @property
    def names(self) -> list[str]:
        """IDs of images and diffIDs of layers."""
        return [image.config for image in self.images] + [diff_id for diff_id, _ in self.layers]


@dataclass(frozen=True)
class Policy:
    """Which images count as garbage, besides those that were removed by name."""

    dangling_images: bool = False
    unused_images: bool = False


def is_there(connection: sqlite3.Connection) -> bool:
    """Whether a collection with the plain policy would find anything; a few looks into indexes."""
    sql = """
        SELECT EXISTS (SELECT 1 FROM images WHERE uses = 0 AND is_removed = 1)
            OR EXISTS (SELECT 1 FROM layers WHERE uses = 0 AND loans = 0)
            OR EXISTS (SELECT 1 FROM stacks WHERE uses = 0)
    """
    return bool(connection.execute(sql).fetchone()[0]) or bool(layers.to_trim(connection))


def collect(connection: sqlite3.Connection, policy: Policy, now_ns: int) -> Garbage:
    """Take everything that nothing needs out of the records."""
    leases.expire(connection, now_ns)
    garbage = Garbage(_garbage_images(connection, policy))
    for image in garbage.images:
        images.delete(connection, image.digest)
    while _collect_layers(connection, garbage):
        pass  # a layer that goes may have been the last to borrow from another
    for chain, size in connection.execute("SELECT chain, stored_bytes FROM stacks WHERE uses = 0").fetchall():
        connection.execute("DELETE FROM stacks WHERE chain = ?", (chain,))
        garbage.stacks.append(chain)
        garbage.bytes_freed += size
    connection.execute("DELETE FROM contents WHERE uses = 0")
    return garbage


def _garbage_images(connection: sqlite3.Connection, policy: Policy) -> list[ImageRecord]:
    if policy.unused_images:
        sql = "SELECT digest FROM images WHERE NOT EXISTS (SELECT 1 FROM lease_images WHERE image = images.digest)"
    elif policy.dangling_images:
        sql = "SELECT digest FROM images WHERE uses = 0"
    else:
        sql = "SELECT digest FROM images WHERE uses = 0 AND is_removed = 1"
    found = (images.get(connection, row[0]) for row in connection.execute(sql).fetchall())
    return [image for image in found if image is not None]


def _collect_layers(connection: sqlite3.Connection, garbage: Garbage) -> bool:
    sql = "SELECT id, diff_id, directory, stored_bytes FROM layers WHERE uses = 0 AND loans = 0"
    rows = connection.execute(sql).fetchall()
    for layer, diff_id, directory, size in rows:
        layers.return_loans(connection, layer)
        connection.execute("DELETE FROM layers WHERE id = ?", (layer,))
        garbage.layers.append((diff_id, directory))
        garbage.bytes_freed += size
    return bool(rows)
