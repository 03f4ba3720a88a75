"""Records of leases."""

import sqlite3
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from strata_chassis.errors import NotFound


@dataclass(frozen=True)
class LeaseRecord:
    """A lease and what it holds: manifest digests and diffIDs."""

    name: str
    created_at_ns: int
    expires_at_ns: int | None
    images: tuple[str, ...]
    layers: tuple[str, ...]


def put(connection: sqlite3.Connection, name: str, now_ns: int, expires_at_ns: int | None) -> None:
    """Make a lease, or give an existing one another end."""
    connection.execute(
        "INSERT INTO leases VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET expires_at_ns = excluded.expires_at_ns",
        (name, now_ns, expires_at_ns),
    )


def ensure(connection: sqlite3.Connection, name: str, now_ns: int) -> None:
    """Make a lease without end unless there is one of that name."""
    connection.execute("INSERT OR IGNORE INTO leases VALUES (?, ?, NULL)", (name, now_ns))


def hold(connection: sqlite3.Connection, name: str, images: Iterable[str] = (), layers: Iterable[int] = ()) -> None:
    """Add to what a lease holds."""
    connection.executemany("INSERT OR IGNORE INTO lease_images VALUES (?, ?)", ((name, image) for image in images))
    connection.executemany("INSERT OR IGNORE INTO lease_layers VALUES (?, ?)", ((name, layer) for layer in layers))


def delete(connection: sqlite3.Connection, name: str) -> None:
    """End a lease."""
    # Deleting the rows by name, not by cascade: cascades run the counting triggers just the same, but this is plain.
    connection.execute("DELETE FROM lease_images WHERE lease = ?", (name,))
    connection.execute("DELETE FROM lease_layers WHERE lease = ?", (name,))
    connection.execute("DELETE FROM leases WHERE name = ?", (name,))


def delete_if_empty(connection: sqlite3.Connection, name: str) -> None:
    """End a lease that holds nothing."""
    connection.execute(
        "DELETE FROM leases WHERE name = ? AND NOT EXISTS (SELECT 1 FROM lease_images WHERE lease = name)"
        " AND NOT EXISTS (SELECT 1 FROM lease_layers WHERE lease = name)",
        (name,),
    )


def delete_prefix(connection: sqlite3.Connection, prefix: str, keep: Collection[str]) -> None:
    """End all leases whose name begins with ``prefix``, but for some."""
    sql = "SELECT name FROM leases WHERE name >= ? AND name < ?"
    for row in connection.execute(sql, (prefix, prefix + chr(0x10FFFF))).fetchall():
        if row[0] not in keep:
            delete(connection, row[0])


def expire(connection: sqlite3.Connection, now_ns: int) -> None:
    """End the leases whose time is over."""
    sql = "SELECT name FROM leases WHERE expires_at_ns IS NOT NULL AND expires_at_ns <= ?"
    for row in connection.execute(sql, (now_ns,)).fetchall():
        delete(connection, row[0])


def get(connection: sqlite3.Connection, name: str) -> LeaseRecord:
    """Return a lease. Raises NotFound (LEASE_UNKNOWN)."""
    row = connection.execute("SELECT name, created_at_ns, expires_at_ns FROM leases WHERE name = ?", (name,)).fetchone()
    if row is None:
        raise NotFound(f"there is no lease {name!r}", reason="LEASE_UNKNOWN", metadata={"lease": name})
    return _complete(connection, row)


def page(connection: sqlite3.Connection, after: str, prefix: str, size: int) -> list[LeaseRecord]:
    """Return up to ``size`` leases by name, from after ``after``, whose name begins with ``prefix``."""
    rows = connection.execute(
        "SELECT name, created_at_ns, expires_at_ns FROM leases"
        " WHERE name > ? AND substr(name, 1, ?) = ? ORDER BY name LIMIT ?",
        (after, len(prefix), prefix, size),
    ).fetchall()
    return [_complete(connection, row) for row in rows]


def _complete(connection: sqlite3.Connection, row: sqlite3.Row) -> LeaseRecord:
    images = connection.execute("SELECT image FROM lease_images WHERE lease = ? ORDER BY image", (row[0],))
    layers = connection.execute(
        "SELECT diff_id FROM lease_layers JOIN layers ON layers.id = layer WHERE lease = ? ORDER BY diff_id", (row[0],)
    )
    return LeaseRecord(row[0], row[1], row[2], tuple(i[0] for i in images), tuple(x[0] for x in layers))
