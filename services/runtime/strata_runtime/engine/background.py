"""Work that outlives the call that began it, and is owned all the same."""

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from strata_chassis import deadline

_log = logging.getLogger(__name__)
T = TypeVar("T")


class Background:
    """Starts work in a task group, free of the caller's deadline."""

    def __init__(self, tasks: asyncio.TaskGroup) -> None:
        self._tasks = tasks
        self._running: set[asyncio.Task[Any]] = set()

    def start(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Begin ``work``; an error in it is logged and ends nothing else."""
        self.begin(_logged(name, work))

    def call(self, work: Coroutine[Any, Any, T]) -> "asyncio.Future[T]":
        """Begin ``work``; its result or error is the future's, whether or not anybody waits for it."""
        result: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        result.add_done_callback(lambda future: future.cancelled() or future.exception())
        self.begin(_resolved(result, work))
        return result

    def begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Begin ``work`` that the service cannot do without: an error in it ends the service."""
        with deadline.bound(None):
            task = self._tasks.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    def cancel(self) -> None:
        """End all of it."""
        for task in list(self._running):
            task.cancel()


@asynccontextmanager
async def background() -> AsyncIterator[Background]:
    """A place for such work; at the end it is cancelled and waited for."""
    async with asyncio.TaskGroup() as tasks:
        work = Background(tasks)
        yield work
        work.cancel()


async def _logged(name: str, work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except Exception:  # noqa: BLE001 -- reported, and the service goes on
        _log.exception("%s failed", name)


async def _resolved(result: "asyncio.Future[T]", work: Coroutine[Any, Any, T]) -> None:
    try:
        value = await work
    except BaseException as error:
        if not result.done():
            result.set_exception(error) if isinstance(error, Exception) else result.cancel()
        if not isinstance(error, Exception):
            raise
    else:
        if not result.done():
            result.set_result(value)
