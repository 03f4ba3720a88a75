"""Equal work is done once: who comes second waits, watches the first one's progress, and looks again."""

import asyncio
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Generic, TypeVar

P = TypeVar("P")


@dataclass
class _Flight(Generic[P]):
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    listeners: list[Callable[[P], None]] = field(default_factory=list)

    def report(self, progress: P) -> None:
        for listen in self.listeners:
            listen(progress)


class Flights(Generic[P]):
    """Locks by key that exist only while somebody needs them; ``P`` is what is reported about the work."""

    def __init__(self) -> None:
        self._flights: dict[Hashable, _Flight[P]] = {}

    @asynccontextmanager
    async def alone(self, key: Hashable, listener: Callable[[P], None]) -> AsyncIterator[Callable[[P], None]]:
        """Be the only one who works on ``key``; yields the function that reports to all who wait for it.

        If the one who works fails or is cancelled, the next one's turn comes: it has to look whether the work is done.
        """
        flight = self._flights.setdefault(key, _Flight())
        flight.listeners.append(listener)
        try:
            async with flight.lock:
                yield flight.report
        finally:
            flight.listeners.remove(listener)
            if not flight.listeners:
                self._flights.pop(key, None)
