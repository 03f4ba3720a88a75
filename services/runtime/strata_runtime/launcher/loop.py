"""An epoll loop: file descriptors with callbacks, and a few timers."""

import heapq
import select
import time
from collections.abc import Callable

READABLE = select.EPOLLIN
WRITABLE = select.EPOLLOUT
HANGUP = select.EPOLLHUP

Callback = Callable[[int], None]


class Loop:
    """Calls back with the event mask when a watched descriptor is ready."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._watched: dict[int, tuple[int, Callback]] = {}
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._timer_count = 0
        self._running = False

    def watch(self, fd: int, events: int, callback: Callback) -> None:
        """Call ``callback(mask)`` whenever ``fd`` is ready, replacing what was asked for before."""
        before = self._watched.get(fd)
        self._watched[fd] = (events, callback)
        if before is None:
            self._epoll.register(fd, events)
        elif before[0] != events:
            self._epoll.modify(fd, events)

    def forget(self, fd: int) -> None:
        """Stop watching ``fd``; fine if nobody watched it."""
        if self._watched.pop(fd, None) is not None:
            self._epoll.unregister(fd)

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> None:
        """Call once after ``delay_s`` seconds."""
        self._timer_count += 1
        heapq.heappush(self._timers, (time.monotonic() + delay_s, self._timer_count, callback))

    def stop(self) -> None:
        """Leave ``run`` after the current round."""
        self._running = False

    def run(self) -> None:
        """Serve until ``stop``."""
        self._running = True
        while self._running:
            self.run_once()

    def run_once(self) -> None:
        """Wait for something to happen and serve it."""
        for fd, mask in self._epoll.poll(self._timeout_s()):
            watched = self._watched.get(fd)  # an earlier callback of this round may have forgotten it
            if watched is not None:
                self._guarded(watched[1], mask)
        now = time.monotonic()
        while self._timers and self._timers[0][0] <= now:
            self._guarded(heapq.heappop(self._timers)[2])

    def _guarded(self, callback: Callable[..., None], *arguments: int) -> None:
        """Call, and survive a mistake of ours: all containers depend on this loop."""
        try:
            callback(*arguments)
        except Exception:  # noqa: BLE001 -- reported, and only one task is touched
            import traceback

            traceback.print_exc()

    def _timeout_s(self) -> float | None:
        if not self._timers:
            return None
        return max(0.0, self._timers[0][0] - time.monotonic())
