"""Named threads for blocking work."""

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, Self, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Threads:
    """A bounded pool of threads called ``<name>_<n>``; they start when there is work for them.

    Work that has begun goes on when its awaiter is cancelled (a thread cannot be stopped); queued work is dropped.
    """

    def __init__(self, name: str, count: int) -> None:
        self._pool = ThreadPoolExecutor(count, thread_name_prefix=name)

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run ``function`` in a thread, with the context (request id, deadline) of the caller."""
        context = contextvars.copy_context()
        future = self._pool.submit(lambda: context.run(function, *args, **kwargs))
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """Wait for work that has begun, drop what is queued, end the threads."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
