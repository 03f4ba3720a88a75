"""A stage of a pipeline: one thread that takes blocks in order and works on each."""

import queue
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

_WAITING_BLOCKS = 8


class Stage:
    """Runs ``work`` on every block that is put, in its own named thread; a few blocks may wait.

    After a failure the rest is thrown away, and the failure comes out of ``put`` or ``finish``. Leaving the context
    ends the thread in any case.
    """

    def __init__(self, name: str, work: Callable[[bytes], object]) -> None:
        self._work = work
        self._blocks: queue.Queue[bytes | None] = queue.Queue(_WAITING_BLOCKS)
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def put(self, block: bytes) -> None:
        """Hand on a block; waits while too many are waiting. Raises what the work has raised."""
        if self._failure is not None:
            raise self._failure
        self._blocks.put(block)

    def finish(self) -> None:
        """Wait until all blocks are done. Raises what the work has raised."""
        self._end()
        if self._failure is not None:
            raise self._failure

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is not None and self._failure is None:
            self._failure = error  # what still waits is not worth working on
        self._end()

    def _end(self) -> None:
        if self._thread.is_alive():
            self._blocks.put(None)
            self._thread.join()

    def _run(self) -> None:
        while (block := self._blocks.get()) is not None:
            if self._failure is None:
                try:
                    self._work(block)
                except BaseException as error:  # noqa: BLE001 - it is raised again by put or finish
                    self._failure = error
