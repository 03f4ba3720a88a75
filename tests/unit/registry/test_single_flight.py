import asyncio

import pytest

from strata_registry.adapters.single_flight import SingleFlight


class Work:
    """Waits to be let go, and counts how often it was begun."""

    def __init__(self, error: Exception | None = None) -> None:
        self.begun = 0
        self.go = asyncio.Event()
        self._error = error

    async def __call__(self) -> int:
        self.begun += 1
        await self.go.wait()
        if self._error:
            raise self._error
        return self.begun


async def test_a_crowd_asks_once() -> None:
    async with asyncio.TaskGroup() as tasks:
        flight, work = SingleFlight[int](tasks), Work()
        crowd = [tasks.create_task(flight.ask("question", work)) for _ in range(10)]
        await asyncio.sleep(0)
        work.go.set()
    assert [asker.result() for asker in crowd] == [1] * 10


async def test_who_asks_later_asks_anew() -> None:
    async with asyncio.TaskGroup() as tasks:
        flight, work = SingleFlight[int](tasks), Work()
        work.go.set()
        assert [await flight.ask("question", work), await flight.ask("question", work)] == [1, 2]


async def test_an_error_reaches_everybody_and_stops_nothing() -> None:
    async with asyncio.TaskGroup() as tasks:
        flight, work = SingleFlight[int](tasks), Work(ValueError("no"))
        crowd = [tasks.create_task(expect_error(flight, work)) for _ in range(3)]
        await asyncio.sleep(0)
        work.go.set()
    assert all(asker.result() for asker in crowd)


async def expect_error(flight: SingleFlight[int], work: Work) -> bool:
    with pytest.raises(ValueError, match="no"):
        await flight.ask("question", work)
    return True


async def test_stopping_ends_what_is_being_asked() -> None:
    async with asyncio.TaskGroup() as tasks:
        flight, work = SingleFlight[int](tasks), Work()
        asker = tasks.create_task(expect_cancelled(flight, work))
        await asyncio.sleep(0)
        flight.stop()
    assert asker.result()


async def expect_cancelled(flight: SingleFlight[int], work: Work) -> bool:
    with pytest.raises(asyncio.CancelledError):
        await flight.ask("question", work)
    return True


async def test_one_who_gives_up_takes_nothing_from_the_others() -> None:
    async with asyncio.TaskGroup() as tasks:
        flight, work = SingleFlight[int](tasks), Work()
        first, second = (tasks.create_task(flight.ask("question", work)) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        work.go.set()
        assert await second == 1
