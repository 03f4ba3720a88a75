"""Equal questions at the same time are asked once."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

from strata_chassis import deadline

T = TypeVar("T")


class SingleFlight(Generic[T]):
    """Shares the answer of a question among all who ask it while it is being answered.

    The work runs in ``tasks``: it belongs to no caller, so one that is cancelled takes nothing from the others.
    """

    def __init__(self, tasks: asyncio.TaskGroup) -> None:
        self._tasks = tasks
        self._flights: dict[Hashable, asyncio.Future[T]] = {}
        self._running: set[asyncio.Task[None]] = set()

    async def ask(self, question: Hashable, work: Callable[[], Awaitable[T]]) -> T:
        """Return what ``work`` returns for the first who asks, or raise what it raises."""
        if question not in self._flights:
            self._begin(question, work)
        return await asyncio.shield(self._flights[question])

    def stop(self) -> None:
        """Stop what is being asked: nobody waits any more."""
        for task in self._running:
            task.cancel()

    def _begin(self, question: Hashable, work: Callable[[], Awaitable[T]]) -> None:
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        with deadline.bound(None):
            task = self._tasks.create_task(_carry(answer, work))
        self._flights[question] = answer
        self._running.add(task)

        def end(_: asyncio.Task[None]) -> None:
            self._running.discard(task)
            del self._flights[question]
            answer.cancel()  # where the task was stopped, even before its first step

        task.add_done_callback(end)


async def _carry(answer: asyncio.Future[T], work: Callable[[], Awaitable[T]]) -> None:
    try:
        answer.set_result(await work())
    except Exception as error:  # noqa: BLE001 - it goes to whoever asked
        answer.set_exception(error)
        answer.exception()  # all of them may have gone
