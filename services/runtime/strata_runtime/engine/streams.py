"""Threads for transfers whose pace a client sets."""

import asyncio
import contextvars
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

from strata_chassis.errors import ResourceExhausted

P = ParamSpec("P")
T = TypeVar("T")


class Stream:
    """One transfer's own thread: it does one thing after the other."""

    def __init__(self, thread: ThreadPoolExecutor) -> None:
        self._thread = thread

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run ``function`` in the thread, with the context (request id, deadline) of the caller."""
        context = contextvars.copy_context()
        return await asyncio.wrap_future(self._thread.submit(lambda: context.run(function, *args, **kwargs)))

    async def items(self, pieces: Iterator[T]) -> AsyncIterator[T]:
        """A blocking iterator's items; it is closed at the end, after what it may still be about."""
        end = object()
        try:
            while (piece := await self.run(next, pieces, end)) is not end:
                yield piece  # type: ignore[misc]
        finally:
            close = getattr(pieces, "close", None)
            if close is not None:
                await self.run(close)


class Streams:
    """Gives each transfer a thread, so that one that waits for its client keeps nothing else waiting."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._free = threading.BoundedSemaphore(most)

    @contextmanager
    def one(self) -> Iterator[Stream]:
        """A thread for one transfer. Raises ResourceExhausted where all are in use.

        What it is about at the end is finished (a thread cannot be stopped), and until then it counts.
        """
        if not self._free.acquire(blocking=False):
            raise ResourceExhausted(
                f"{self._most} copies and exports are under way already: try again when one has ended",
                reason="TOO_MANY_STREAMS",
                metadata={"most": str(self._most)},
            )
        thread = ThreadPoolExecutor(1, thread_name_prefix="runtime_stream")
        try:
            yield Stream(thread)
        finally:
            thread.submit(self._free.release)
            thread.shutdown(wait=False)
