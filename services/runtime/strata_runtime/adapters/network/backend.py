"""The network as the rest of the runtime sees it: asynchronous, its blocking work on one thread of its own."""

import asyncio
import logging
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from strata_chassis.errors import FailedPrecondition, ResourceExhausted, StrataError
from strata_runtime.adapters.network.config import NetworkConfig
from strata_runtime.adapters.network.host_network import HostNetwork
from strata_runtime.adapters.network.table_watch import TableWatch
from strata_runtime.core.network.backend import NetworkBackend
from strata_runtime.core.network.defining import NetworkWish
from strata_runtime.core.network.definition import NetworkDefinition
from strata_runtime.core.network.spec import Attachment, Endpoint, EndpointSpec, NetworkSpec, PublishedPort

_log = logging.getLogger(__name__)
_Result = TypeVar("_Result")
_WARM_DELAY_S = 0.1


def open_network(config: NetworkConfig) -> NetworkBackend:
    """Return the networks of this host; nothing happens before ``start``."""
    return ThreadedNetwork(config)


class ThreadedNetwork:
    """Runs a HostNetwork on a thread, which also moves between network namespaces, and keeps its pools full."""

    def __init__(self, config: NetworkConfig) -> None:
        self._config = config
        self._host: HostNetwork | None = None
        self._thread = _thread()
        self._waiting = 0
        self._timer: asyncio.TimerHandle | None = None
        self._watch: TableWatch | None = None

    async def start(self) -> None:
        """Make what all containers share, and take over what an earlier process of ours left."""
        self._host = await self._run(lambda: HostNetwork(self._config))
        self._watch = TableWatch(self._host.table)
        asyncio.get_running_loop().add_reader(self._watch, self._on_change, self._watch)
        self._warm_later()

    async def attach(self, container_id: str, spec: NetworkSpec) -> Attachment:
        """Give a container its network, before its first process starts. Repeating it returns what it has."""
        return await self._run(lambda: self._opened.attach(container_id, spec))

    async def detach(self, container_id: str) -> None:
        """Take a container's network back; one that has none is left alone."""
        await self._run(lambda: self._opened.detach(container_id))

    def attachment(self, container_id: str) -> Attachment | None:
        """Return what a container has."""
        return self._opened.attachment(container_id)

    def definitions(self) -> tuple[NetworkDefinition, ...]:
        """Return all networks."""
        return self._opened.definitions()

    def definition(self, name_or_id: str) -> NetworkDefinition:
        """Return a network by name, id or the beginning of its id; raise NotFound if there is none."""
        return self._opened.definition(name_or_id)

    def members(self, network: str) -> dict[str, Endpoint]:
        """Return who is on the network of this name, by container id."""
        return self._opened.members(network)

    async def create_network(self, wish: NetworkWish, request_id: str = "") -> NetworkDefinition:
        """Make a network; a repeated ``request_id`` returns what it made."""
        return await self._run(lambda: self._opened.create_network(wish, request_id))

    async def remove_network(self, name_or_id: str) -> NetworkDefinition:
        """Remove a network nobody is on, and return what it was."""
        return await self._run(lambda: self._opened.remove_network(name_or_id))

    async def connect(self, container_id: str, wish: EndpointSpec) -> Attachment:
        """Put a running container on one more network."""
        return await self._run(lambda: self._opened.connect(container_id, wish))

    async def disconnect(self, container_id: str, network: str) -> Attachment:
        """Take a running container off a network; ports and way out move to the next one it is on."""
        return await self._run(lambda: self._opened.disconnect(container_id, network))

    async def rename(self, container_id: str, name: str) -> None:
        """Let a container be found by another name; one that is not attached is left alone."""
        await self._run(lambda: self._opened.rename(container_id, name))

    async def republish(self, container_id: str, ports: tuple[PublishedPort, ...]) -> Attachment:
        """Publish other ports of a running container; if that fails, those it had stay published."""
        return await self._run(lambda: self._opened.republish(container_id, ports))

    async def reconcile(self, live: Collection[str]) -> None:
        """Detach all containers but the ``live`` ones: called once after ``start``."""
        await self._run(lambda: self._opened.reconcile(live))

    async def stop(self) -> None:
        """End this process's part; containers keep their network."""
        self._stop_watching()
        if self._host is not None:
            await self._run(self._host.close)
        self._close()

    async def teardown(self) -> None:
        """Take everything back, shared parts included."""
        self._stop_watching()
        await self._run(self._opened.teardown)
        self._close()

    @property
    def _opened(self) -> HostNetwork:
        if self._host is None:
            raise FailedPrecondition("the network is not started", reason="NETWORK_NOT_STARTED")
        return self._host

    async def _run(self, work: Callable[[], _Result]) -> _Result:
        """Run ``work`` on our thread, to its end even if the caller is cancelled: half of it would be worse."""
        self._waiting += 1
        try:
            return await asyncio.shield(asyncio.get_running_loop().run_in_executor(self._thread, work))
        finally:
            self._waiting -= 1
            self._warm_later()

    def _on_change(self, watch: TableWatch) -> None:
        """See to it that our rules are there after somebody changed something."""
        if watch.has_news() and self._host is not None:
            self._thread.submit(self._heal, self._host)

    @staticmethod
    def _heal(host: HostNetwork) -> None:
        try:
            host.heal()
        except (OSError, StrataError):
            _log.exception("cannot put our rules back")

    def _warm_later(self) -> None:
        """Make namespaces ready soon: not now, when a container that has just got one is being started."""
        if self._timer is None and self._host is not None:
            self._timer = asyncio.get_running_loop().call_later(_WARM_DELAY_S, self._warm)

    def _warm(self) -> None:
        self._timer = None
        self._thread.submit(self._warm_one)

    def _warm_one(self) -> None:
        """Make one ready, and queue the next; whoever waits for our thread goes first and has it queued anew."""
        if self._waiting or self._host is None:
            return
        try:
            if self._host.warm_one():
                self._thread.submit(self._warm_one)
        except (OSError, RuntimeError, ResourceExhausted) as error:  # no room, or no thread: it is made when needed
            _log.warning("cannot keep network namespaces ready: %s", error)

    def _stop_watching(self) -> None:
        if self._watch is not None:
            asyncio.get_running_loop().remove_reader(self._watch)
            self._watch.close()
            self._watch = None

    def _close(self) -> None:
        self._host = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._thread.shutdown(wait=False, cancel_futures=True)
        self._thread = _thread()


def _thread() -> ThreadPoolExecutor:
    """One thread, started when there is work for it."""
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="network")
