"""Keeping the records: a checked copy beside the database, and what to do when the database is damaged."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from secrets import token_hex

from strata_chassis.durable import fsync_dir, fsync_file

DATABASE = "store.db"
COPY = "store.db.copy"
_COMPANIONS = ("", "-wal", "-shm")


def problem_of(path: Path, check: str = "integrity_check") -> str:
    """Return what is wrong with a database, or nothing. Reads all of it; ``quick_check`` is the faster check."""
    try:
        with _opened(path) as connection:
            rows = [str(row[0]) for row in connection.execute(f"PRAGMA {check}(3)")]
    except sqlite3.DatabaseError as error:
        return str(error)
    return "" if rows == ["ok"] else "; ".join(rows)


def copy(root: Path) -> None:
    """Replace the copy by the database as it is now; the old copy stays until the new one is on the disk."""
    scratch = root / f".scratch-{token_hex(6)}"
    try:
        with _opened(root / DATABASE) as source, closing(sqlite3.connect(scratch)) as target:
            source.backup(target)
        fsync_file(scratch)
        scratch.rename(root / COPY)
    finally:
        scratch.unlink(missing_ok=True)
    fsync_dir(root)


def restore_if_damaged(root: Path, quarantine: Path) -> str:
    """Before the database is opened: if it is damaged, put it aside and let the copy be the database.

    Returns what was wrong, or nothing. Without a copy that is sound, the store begins anew.
    """
    if not (root / DATABASE).exists():
        return ""
    problem = problem_of(root / DATABASE, "quick_check")
    if not problem:
        return ""
    aside = quarantine / f"database.{token_hex(4)}"
    aside.mkdir()
    for companion in _COMPANIONS:
        path = root / f"{DATABASE}{companion}"
        if path.exists():
            path.rename(aside / path.name)
    if (root / COPY).exists() and not problem_of(root / COPY):
        os.link(root / COPY, root / DATABASE)
        (root / COPY).unlink()
    fsync_dir(root)
    return problem


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        yield connection
