"""Blocking work in a thread of its own that is never abandoned: whoever waits, waits until it has ended."""

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def in_own_thread(name: str, work: Callable[[], T], stop: Callable[[], None] = lambda: None) -> T:
    """Run ``work`` in a new thread.

    When the waiting task is cancelled, ``stop`` tells the work to end, and the cancellation goes on once it has: files
    and memory that the thread uses are safe to take away then.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def run() -> None:
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001 - it is raised again where it is awaited
            loop.call_soon_threadsafe(done.set_exception, _as_exception(error))
        else:
            loop.call_soon_threadsafe(done.set_result, result)

    threading.Thread(target=run, name=name, daemon=True).start()
    try:
        return await asyncio.shield(done)
    except asyncio.CancelledError:
        stop()
        await asyncio.wait([done])
        done.exception()  # retrieved: the cancellation matters more
        raise


def _as_exception(error: BaseException) -> BaseException:
    # A future turns these two into something else.
    return RuntimeError(repr(error)) if isinstance(error, (StopIteration, asyncio.CancelledError)) else error
