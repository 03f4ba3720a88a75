"""WaitContainer."""

import asyncio
from enum import IntEnum

from strata_runtime.core.container.record import Container, State
from strata_runtime.engine.entry import Entry


class Until(IntEnum):
    """Until when to wait; the numbers are the contract's."""

    UNSPECIFIED = 0
    NOT_RUNNING = 1
    NEXT_EXIT = 2
    REMOVED = 3


async def wait(entry: Entry, until: Until) -> Container:
    """Wait for a container; returns it as it was then."""
    if until is Until.REMOVED:
        return await asyncio.shield(entry.removal())
    runs = entry.container.state.is_live or entry.container.state is State.RESTARTING
    if until is Until.NEXT_EXIT or runs:
        return await asyncio.shield(entry.next_exit())
    return entry.container
