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

    async def ask(self, question: Hashable, work: Callable[[], Awaitable[T]]) -> T:
        """Return what ``work`` returns for the first who asks, or raise what it raises."""
        if question not in self._flights:
            answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
            self._flights[question] = answer
            with deadline.bound(None):
                self._tasks.create_task(self._carry(question, answer, work))
        return await asyncio.shield(self._flights[question])

    async def _carry(self, question: Hashable, answer: asyncio.Future[T], work: Callable[[], Awaitable[T]]) -> None:
        try:
            answer.set_result(await work())
        except asyncio.CancelledError:
            answer.cancel()
            raise
        except Exception as error:  # noqa: BLE001 - it goes to whoever asked
            answer.set_exception(error)
            answer.exception()  # all of them may have gone
        finally:
            del self._flights[question]
