"""What the rest of the runtime may ask of the network."""

from collections.abc import Collection
from typing import Protocol

from strata_runtime.core.network.defining import NetworkWish
from strata_runtime.core.network.definition import NetworkDefinition
from strata_runtime.core.network.spec import Attachment, Endpoint, EndpointSpec, NetworkSpec, PublishedPort


class NetworkBackend(Protocol):
    """Gives containers their network and takes it back. All methods may be called concurrently."""

    async def start(self) -> None:
        """Make what all containers share, and take over what an earlier process of ours left."""

    async def attach(self, container_id: str, spec: NetworkSpec) -> Attachment:
        """Give a container its network, before its first process starts. Repeating it returns what it has."""

    async def detach(self, container_id: str) -> None:
        """Take a container's network back; one that has none is left alone."""

    def attachment(self, container_id: str) -> Attachment | None:
        """Return what a container has."""

    def definitions(self) -> tuple[NetworkDefinition, ...]:
        """Return all networks."""

    def definition(self, name_or_id: str) -> NetworkDefinition:
        """Return a network by name, id or the beginning of its id; raise NotFound if there is none."""

    def members(self, network: str) -> dict[str, Endpoint]:
        """Return who is on the network of this name, by container id."""

    async def create_network(self, wish: NetworkWish, request_id: str = "") -> NetworkDefinition:
        """Make a network; a repeated ``request_id`` returns what it made."""

    async def remove_network(self, name_or_id: str) -> NetworkDefinition:
        """Remove a network nobody is on, and return what it was."""

    async def connect(self, container_id: str, wish: EndpointSpec) -> Attachment:
        """Put a running container on one more network."""

    async def disconnect(self, container_id: str, network: str) -> Attachment:
        """Take a running container off a network; ports and way out move to the next one it is on."""

    async def rename(self, container_id: str, name: str) -> None:
        """Let a container be found by another name; one that is not attached is left alone."""

    async def republish(self, container_id: str, ports: tuple[PublishedPort, ...]) -> Attachment:
        """Publish other ports of a running container; if that fails, those it had stay published."""

    async def reconcile(self, live: Collection[str]) -> None:
        """Detach all containers but the ``live`` ones: called once after ``start``."""

    async def stop(self) -> None:
        """End this process's part; containers keep their network."""

    async def teardown(self) -> None:
        """Take everything back, shared parts included."""
