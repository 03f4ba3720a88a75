"""A container in memory: its record, one lock for changes of its life, and who waits for what."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from strata_runtime.core.container.record import Container


class Entry:
    """Holds a container while the service runs.

    ``is_root_ready``: its root is mounted. ``has_process``: launcher and OCI runtime know it.
    ``is_checked``: its health is checked. ``has_exit_record``: the launcher remembers how it ended; ``written`` is done
    once we have that on the disk ourselves, None if it was there from the start.
    """

    def __init__(self, container: Container) -> None:
        self.container = container
        self.lock = asyncio.Lock()
        self.exec_ids: set[str] = set()
        self.is_root_ready = False
        self.has_process = False
        self.is_checked = False
        self.has_exit_record = False
        self.written: asyncio.Future[None] | None = None
        self._keepers = 0
        self._next_exit: asyncio.Future[Container] | None = None
        self._removed: asyncio.Future[Container] | None = None

    @property
    def is_removed_by_exit(self) -> bool:
        """Whether the next exit is the container's end."""
        return self.container.spec.auto_remove and not self._keepers

    @contextmanager
    def kept(self) -> Iterator[None]:
        """No exit removes the container within the block."""
        self._keepers += 1
        try:
            yield
        finally:
            self._keepers -= 1

    def next_exit(self) -> asyncio.Future[Container]:
        """The next exit (or removal), and the container as it was then. Shared: shield it."""
        if self._next_exit is None:
            self._next_exit = asyncio.get_running_loop().create_future()
        return self._next_exit

    def removal(self) -> asyncio.Future[Container]:
        """The removal, and the container as it was last. Shared: shield it."""
        if self._removed is None:
            self._removed = asyncio.get_running_loop().create_future()
        return self._removed

    def tell_exit(self) -> None:
        """Wake those who wait for an exit."""
        waiting, self._next_exit = self._next_exit, None
        if waiting is not None and not waiting.done():
            waiting.set_result(self.container)

    def tell_removal(self) -> None:
        """Wake everybody: there will be no other exit."""
        self.tell_exit()
        if not self.removal().done():
            self.removal().set_result(self.container)
