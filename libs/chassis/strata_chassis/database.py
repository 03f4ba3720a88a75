"""SQLite for a service's own records: WAL, full durability, numbered migrations, one writer.

``write`` and ``read`` take a function of a connection and run it in a thread of their own, so that SQL stays in small
synchronous functions that are tested without a loop. A write is one transaction, on the disk when ``write`` returns.
"""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Self, TypeVar

from strata_chassis import errors
from strata_chassis.executors import Threads

T = TypeVar("T")

_BUSY_TIMEOUT_S = 30.0
_NO_SPACE = {sqlite3.SQLITE_FULL}
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


class Database:
    """A database file, its writing thread and its reading thread."""

    def __init__(self, path: Path, migrations: Sequence[str]) -> None:
        """Open or create ``path`` and bring it to the newest version.

        ``migrations[n]`` is the SQL script from version n to n+1; scripts never change once released. Raises
        FailedPrecondition if a newer Strata wrote the file, DataLoss if it is damaged.
        """
        self._path = path
        with ExitStack() as opened:
            try:
                self._writer = opened.enter_context(closing(_connect(path)))
                _migrate(self._writer, migrations)
                self._reader = opened.enter_context(closing(_connect(path)))
                self._reader.execute("PRAGMA query_only = ON")
            except sqlite3.Error as error:
                raise _translated(error, path) from error
            self._connections = opened.pop_all()
        self._writing = Threads(f"{path.stem}-writer", 1)
        self._reading = Threads(f"{path.stem}-reader", 1)

    async def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run ``work`` in a transaction: committed when it returns, rolled back when it raises.

        A write that has begun is finished even if the awaiting task is cancelled.
        """
        return await self._writing.run(self._transaction, work)

    async def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run ``work`` on one consistent snapshot; it cannot write."""
        return await self._reading.run(self._snapshot, work)

    def close(self) -> None:
        """Finish the write that has begun, and close."""
        self._writing.close()
        self._reading.close()
        self._connections.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _transaction(self, work: Callable[[sqlite3.Connection], T]) -> T:
        return self._inside("BEGIN IMMEDIATE", self._writer, work)

    def _snapshot(self, work: Callable[[sqlite3.Connection], T]) -> T:
        return self._inside("BEGIN DEFERRED", self._reader, work)

    def _inside(self, begin: str, connection: sqlite3.Connection, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            connection.execute(begin)
            try:
                result = work(connection)
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
        except sqlite3.DatabaseError as error:
            raise _translated(error, self._path) from error
        return result


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def _migrate(connection: sqlite3.Connection, migrations: Sequence[str]) -> None:
    with closing(connection.execute("PRAGMA user_version")) as cursor:
        version = int(cursor.fetchone()[0])
    if version > len(migrations):
        raise errors.FailedPrecondition(
            f"the database has version {version}, this Strata knows {len(migrations)}: a newer one wrote it",
            reason="DATABASE_TOO_NEW",
            metadata={"version": str(version)},
        )
    for number, script in enumerate(migrations[version:], version + 1):
        connection.executescript(f"BEGIN IMMEDIATE;\n{script};\nPRAGMA user_version = {number};\nCOMMIT;")


def _translated(error: sqlite3.Error, path: Path) -> Exception:
    """Return the error of the taxonomy for a disk that is full or damaged; a mistake in our SQL stays what it is."""
    code = getattr(error, "sqlite_errorcode", None)
    primary = None if code is None else code & 0xFF  # extended result codes keep the primary one in the low byte
    where = {"database": path.name}
    if primary in _NO_SPACE:
        return errors.ResourceExhausted("no space is left on the disk", reason="DISK_FULL", metadata=where)
    if primary in _DAMAGED:
        return errors.DataLoss(f"the database {path.name} is damaged", reason="DATABASE_DAMAGED", metadata=where)
    return error
