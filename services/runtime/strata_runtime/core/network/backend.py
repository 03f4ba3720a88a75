"""What the rest of the runtime may ask of the network."""

from collections.abc import Collection
from typing import Protocol

from strata_runtime.core.network.spec import Attachment, NetworkSpec


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

    async def reconcile(self, live: Collection[str]) -> None:
        """Detach all containers but the ``live`` ones: called once after ``start``."""

    async def stop(self) -> None:
        """End this process's part; containers keep their network."""

    async def teardown(self) -> None:
        """Take everything back, shared parts included."""
