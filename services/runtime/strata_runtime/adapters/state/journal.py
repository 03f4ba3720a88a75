"""One writer for everything: changes that come together share a transaction, and so an fsync."""

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Sequence

from strata_chassis.database import Database
from strata_runtime.adapters.state import rows
from strata_runtime.core.container.record import Container
from strata_runtime.core.event import Event

_log = logging.getLogger(__name__)
_KEPT_EVENTS = 100_000
_TRIM_EVERY = 5_000

Work = Callable[[sqlite3.Connection], None]
Change = tuple[Work, "asyncio.Future[None]"]


class Journal:
    """Writes containers and events down, in the order of the calls, soon.

    A caller waits (``flushed``) only where the user was promised something that would be lost otherwise: a start or an
    exit is known to the launcher as well.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._pending: list[Change] = []
        self._last: asyncio.Future[None] | None = None
        self._wake = asyncio.Event()
        self._listeners: set[Callable[[Event], None]] = set()
        self._written_events = 0

    def save(self, container: Container, *events: Event) -> None:
        """Write a container as it is now, and what happened."""
        self._submit(lambda connection: rows.save_container(connection, container), events)

    def delete(self, container_id: str, *events: Event) -> None:
        """Forget a container, and write down what happened."""
        self._submit(lambda connection: rows.delete_container(connection, container_id), events)

    def record(self, *events: Event) -> None:
        """Write down what happened."""
        self._submit(lambda _: None, events)

    def apply(self, work: Work, *events: Event) -> None:
        """Do any other change in the same order."""
        self._submit(work, events)

    @property
    def last(self) -> "asyncio.Future[None] | None":
        """Done once the last change asked for so far is on the disk, or cannot be had there. Shared: shield it."""
        return self._last

    async def flushed(self) -> None:
        """Wait until all that was asked for so far is on the disk. Raises the error of the last of it."""
        if self._last is not None:
            await asyncio.shield(self._last)

    def listen(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        """Tell of every event once it is on the disk; returns what ends it."""
        self._listeners.add(listener)
        return lambda: self._listeners.discard(listener)

    async def run(self) -> None:
        """Write until cancelled; what was submitted before is written first."""
        try:
            while True:
                await self._wake.wait()
                await self._write_pending()
        finally:
            await self._write_pending()

    def _submit(self, work: Work, events: Sequence[Event]) -> None:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        done.add_done_callback(_log_failure)

        def write(connection: sqlite3.Connection) -> None:
            written.clear()  # of an attempt that was rolled back
            work(connection)
            written.extend((rows.append_event(connection, event), event) for event in events)

        written: list[tuple[int, Event]] = []
        self._pending.append((write, done))
        if events:
            done.add_done_callback(lambda future: self._publish(future, written))
        self._last = done
        self._wake.set()

    async def _write_pending(self) -> None:
        batch, self._pending = self._pending, []
        self._wake.clear()
        if not batch:
            return
        error = await self._write(batch)
        if error is not None and len(batch) > 1:  # it may be the fault of one: the others are written without it
            for change in batch:
                _tell([change], await self._write([change]))
        else:
            _tell(batch, error)

    async def _write(self, changes: list[Change]) -> Exception | None:
        """Write changes in one transaction; returns what went wrong."""
        try:
            await self._database.write(lambda connection: _run_all(connection, changes))
        except Exception as error:  # noqa: BLE001 -- each caller is told
            return error
        return None

    def _publish(self, future: "asyncio.Future[None]", written: list[tuple[int, Event]]) -> None:
        if future.cancelled() or future.exception() is not None:
            return
        for cursor, event in written:
            numbered = Event(event.time, event.type, event.action, event.actor_id, event.attributes, cursor)
            for listener in list(self._listeners):
                listener(numbered)
        before = self._written_events // _TRIM_EVERY
        self._written_events += len(written)
        if self._written_events // _TRIM_EVERY != before:
            self._submit(lambda connection: rows.trim_events(connection, _KEPT_EVENTS), ())


def _run_all(connection: sqlite3.Connection, changes: list[Change]) -> None:
    for work, _ in changes:
        work(connection)


def _tell(changes: list[Change], error: Exception | None) -> None:
    """Tell who asked for changes that they are on the disk, or why not."""
    for _, done in changes:
        if done.done():
            continue
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)


def _log_failure(future: "asyncio.Future[None]") -> None:
    if not future.cancelled() and (error := future.exception()) is not None:
        _log.error("a change could not be written down: %s", error)
