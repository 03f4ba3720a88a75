"""WatchEvents: what is kept, then what happens, each event once and in order."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime

from strata_chassis.database import Database
from strata_chassis.errors import OutOfRange
from strata_runtime.adapters.state import rows
from strata_runtime.adapters.state.journal import Journal
from strata_runtime.core.event import Event

_BATCH = 500
_MOST_WAITING = 10_000


async def watch(
    database: Database, journal: Journal, *, after: int, since: datetime | None, until: datetime | None
) -> AsyncIterator[Event]:
    """Events after a cursor, or from a time on, or from now on.

    Raises OutOfRange if events after the cursor are not kept any more, or if the caller is too slow.
    """
    queue: asyncio.Queue[Event] = asyncio.Queue(_MOST_WAITING)
    is_late = False

    def take(event: Event) -> None:
        nonlocal is_late
        if queue.full():
            is_late = True
        else:
            queue.put_nowait(event)

    stop = journal.listen(take)
    try:
        seen = after
        async for event in _kept(database, journal, after, since):
            seen = event.cursor
            if until is not None and event.time >= until:
                return
            yield event
        async for event in _live(queue, until):
            if is_late:
                raise OutOfRange("events came faster than they were read", reason="CURSOR_EXPIRED")
            if event.cursor > seen:
                yield event
    finally:
        stop()


async def _kept(database: Database, journal: Journal, after: int, since: datetime | None) -> AsyncIterator[Event]:
    if not after and since is None:
        return
    await journal.flushed()
    first, newest = await database.read(rows.event_bounds)
    if after and (after > newest or after + 1 < first):
        raise OutOfRange(
            f"events after cursor {after} are not kept", reason="CURSOR_EXPIRED", metadata={"first": str(first)}
        )
    since_ns = rows.to_ns(since) if since is not None else 0
    cursor = after
    while True:
        batch = await database.read(lambda connection: rows.events_after(connection, cursor, since_ns, _BATCH))  # noqa: B023
        for event in batch:
            cursor = event.cursor
            yield event
        if len(batch) < _BATCH:
            return


async def _live(queue: "asyncio.Queue[Event]", until: datetime | None) -> AsyncIterator[Event]:
    left_s = None if until is None else (until - datetime.now(until.tzinfo)).total_seconds()
    try:
        async with asyncio.timeout(left_s):
            while True:
                yield await queue.get()
    except TimeoutError:
        return
