import asyncio
import threading

import pytest

from strata_chassis import request_id
from strata_chassis.executors import Threads


async def test_work_runs_in_a_thread_of_that_name_with_the_callers_context():
    def look():
        return threading.current_thread().name, request_id.current()

    with Threads("digests", 1) as threads, request_id.bound("req-1"):
        name, current = await threads.run(look)
    assert name.startswith("digests")
    assert current == "req-1"


async def test_an_exception_comes_back():
    with Threads("x", 1) as threads, pytest.raises(ZeroDivisionError):
        await threads.run(lambda: 1 / 0)


async def test_no_more_than_the_given_number_run_at_once():
    gate = threading.Barrier(3)
    with Threads("x", 3) as threads:
        await asyncio.gather(*(threads.run(gate.wait) for _ in range(6)))


async def test_queued_work_is_dropped_when_its_awaiter_is_gone():
    begun, go_on, ran = threading.Event(), threading.Event(), threading.Event()

    def block():
        begun.set()
        go_on.wait()

    with Threads("x", 1) as threads:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(threads.run(block))
            await asyncio.to_thread(begun.wait)
            queued = tasks.create_task(threads.run(ran.set))
            await asyncio.sleep(0)
            queued.cancel()
            await asyncio.wait([queued])
            go_on.set()
    assert not ran.is_set()
