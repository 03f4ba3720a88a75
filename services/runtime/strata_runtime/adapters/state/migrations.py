"""The database's versions; a script never changes once released."""

_FIRST = """
CREATE TABLE containers (
    id TEXT PRIMARY KEY,
    record TEXT NOT NULL
) STRICT;
CREATE TABLE events (
    cursor INTEGER PRIMARY KEY AUTOINCREMENT,
    time_ns INTEGER NOT NULL,
    type TEXT NOT NULL,
    action TEXT NOT NULL,
    actor_id TEXT NOT NULL,
    attributes TEXT NOT NULL
) STRICT;
CREATE INDEX events_by_time ON events (time_ns);
CREATE TABLE volumes (
    name TEXT PRIMARY KEY,
    record TEXT NOT NULL
) STRICT;
"""

MIGRATIONS = (_FIRST,)
