"""SQL of the runtime's tables; small functions of a connection."""

import json
import sqlite3
from collections.abc import Iterable
from datetime import UTC, datetime

from strata_runtime.core import codec
from strata_runtime.core.container.record import Container
from strata_runtime.core.event import Event

_NANO = 1_000_000_000


def save_container(connection: sqlite3.Connection, container: Container) -> None:
    """Insert or replace a container."""
    record = json.dumps(codec.to_json(container), separators=(",", ":"))
    connection.execute(
        "INSERT INTO containers VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET record = excluded.record",
        (container.id, record),
    )


def delete_container(connection: sqlite3.Connection, container_id: str) -> None:
    """Forget a container."""
    connection.execute("DELETE FROM containers WHERE id = ?", (container_id,))


def load_containers(connection: sqlite3.Connection) -> list[Container]:
    """All containers."""
    rows = connection.execute("SELECT record FROM containers")
    return [codec.from_json(Container, json.loads(row["record"])) for row in rows]


def append_event(connection: sqlite3.Connection, event: Event) -> int:
    """Write an event down; returns its cursor."""
    cursor = connection.execute(
        "INSERT INTO events (time_ns, type, action, actor_id, attributes) VALUES (?, ?, ?, ?, ?)",
        (to_ns(event.time), event.type, event.action, event.actor_id, json.dumps(dict(event.attributes))),
    )
    return int(cursor.lastrowid or 0)


def events_after(connection: sqlite3.Connection, cursor: int, since_ns: int, limit: int) -> list[Event]:
    """Kept events after a cursor and not before a time."""
    rows = connection.execute(
        "SELECT * FROM events WHERE cursor > ? AND time_ns >= ? ORDER BY cursor LIMIT ?", (cursor, since_ns, limit)
    )
    return list(_events(rows))


def event_bounds(connection: sqlite3.Connection) -> tuple[int, int]:
    """Cursors of the first kept event and of the last one ever; (0, 0) if there was none."""
    first = connection.execute("SELECT min(cursor) FROM events").fetchone()[0]
    last = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'events'").fetchone()
    newest = int(last[0]) if last else 0
    return (int(first) if first is not None else newest + 1 if newest else 0), newest


def trim_events(connection: sqlite3.Connection, keep: int) -> None:
    """Forget all but the newest ``keep`` events."""
    connection.execute("DELETE FROM events WHERE cursor <= (SELECT max(cursor) FROM events) - ?", (keep,))


def to_ns(time: datetime) -> int:
    """Nanoseconds since the epoch."""
    return int(time.timestamp()) * _NANO + time.microsecond * 1000


def from_ns(time_ns: int) -> datetime:
    """The time of nanoseconds since the epoch, to the microsecond."""
    seconds, rest = divmod(time_ns, _NANO)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest // 1000)


def _events(rows: Iterable[sqlite3.Row]) -> Iterable[Event]:
    for row in rows:
        yield Event(
            from_ns(row["time_ns"]),
            row["type"],
            row["action"],
            row["actor_id"],
            json.loads(row["attributes"]),
            row["cursor"],
        )
