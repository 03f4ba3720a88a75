"""Answering containers' questions for names, on a thread with an event loop of its own.

A container's sockets lie in its namespace, so that it is certain who asks. What we do not know is asked of the host's
resolvers, from the host's namespace.
"""

import asyncio
import socket
import threading
from collections.abc import Callable

from strata_runtime.adapters.network.resolver_desk import ResolverDesk
from strata_runtime.core.network.answering import Asker
from strata_runtime.core.network.directory import Directory
from strata_runtime.core.network.spec import Attachment


class NameServer:
    """Serves all containers that have a resolver of ours. One thread calls its methods; another does the work."""

    def __init__(self) -> None:
        self._directory = Directory()
        self.served: set[str] = set()
        self._desks: dict[str, tuple[ResolverDesk, asyncio.Task[None]]] = {}
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop
        self._stopping: asyncio.Event
        self._group: asyncio.TaskGroup

    def serve(self, attachment: Attachment, asker: Asker, datagrams: socket.socket, connections: socket.socket) -> None:
        """Know a container, and answer it on its sockets, which are ours from now on."""

        def begin() -> None:
            self._directory.put(attachment)
            self._open(ResolverDesk(self._directory, asker, datagrams, connections))

        self.served.add(asker.container_id)
        self._soon(begin)

    def change(self, attachment: Attachment, asker: Asker) -> None:
        """Change the names of a container that is served, and how its questions are answered."""

        def change() -> None:
            self._directory.put(attachment)
            self._change(asker)

        self._soon(change)

    def forget(self, container_id: str) -> None:
        """Answer a container no longer, and do not know it any more."""

        def end() -> None:
            self._close(container_id)
            self._directory.remove(container_id)

        if container_id in self.served:
            self.served.discard(container_id)
            self._soon(end)

    def stop(self) -> None:
        """End the thread; all sockets are closed then."""
        if self._thread is not None:
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join()
            self._thread = None

    def _soon(self, work: Callable[[], None]) -> None:
        """Have the other thread do something; it is started when there is something to do."""
        if self._thread is None:
            started = threading.Event()
            self._thread = threading.Thread(target=lambda: asyncio.run(self._run(started)), name="names", daemon=True)
            self._thread.start()
            started.wait()
        self._loop.call_soon_threadsafe(work)

    async def _run(self, started: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        async with asyncio.TaskGroup() as self._group:
            started.set()
            await self._stopping.wait()
            for container_id in list(self._desks):
                self._close(container_id)

    def _open(self, desk: ResolverDesk) -> None:
        self._close(desk.asker.container_id)
        self._desks[desk.asker.container_id] = (desk, self._group.create_task(desk.run()))

    def _close(self, container_id: str) -> None:
        if container_id in self._desks:
            _, task = self._desks.pop(container_id)
            task.cancel()

    def _change(self, asker: Asker) -> None:
        if asker.container_id in self._desks:
            desk, _ = self._desks[asker.container_id]
            desk.asker = asker
