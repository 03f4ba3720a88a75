"""What sharing does in memory: the store's account of layers joined with what the runtime sees of their mounts."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class MountedLayer:
    """A layer mount: bytes of its files in the page cache, and the containers over it."""

    key: str
    resident_bytes: int
    containers: int

    @property
    def saved_bytes(self) -> int:
        """What its containers would take more if each had a copy of its own of all that is in memory."""
        return self.resident_bytes * max(self.containers - 1, 0)


@dataclass(frozen=True)
class Residency:
    """Bytes in memory of layers by mount key, of all of them, and what sharing them saves."""

    by_key: dict[str, int]
    saved_bytes: int

    @property
    def total_bytes(self) -> int:
        """Bytes of all mounted layers."""
        return sum(self.by_key.values())


def residency(mounts: Iterable[MountedLayer]) -> Residency:
    """Add up what all layer mounts have in memory."""
    measured = list(mounts)
    return Residency(
        {mount.key: mount.resident_bytes for mount in measured}, sum(mount.saved_bytes for mount in measured)
    )
