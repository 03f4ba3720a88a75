"""What can be done to the host, as values: described, logged and tested without doing it.

An operation knows its inverse; ``adapters.executor`` carries operations out, and undoes them when one fails.
"""

from dataclasses import dataclass
from typing import Protocol

from strata_runtime.core.container.record import ImageMount, Layer


class Operation(Protocol):
    """One step of a plan."""

    def describe(self) -> str:
        """What it does, as a line of text."""

    def undo(self) -> "Operation | None":
        """What takes it back, None where nothing has to be."""


@dataclass(frozen=True, slots=True)
class MakeDirectory:
    """Make a directory, parents included."""

    path: str
    mode: int = 0o700

    def describe(self) -> str:
        """As a command."""
        return f"mkdir -p -m {self.mode:o} {self.path}"

    def undo(self) -> Operation:
        """What takes it back."""
        return RemoveTree(self.path)


@dataclass(frozen=True, slots=True)
class RemoveTree:
    """Remove a directory with all that is in it; it never crosses into another file system."""

    path: str

    def describe(self) -> str:
        """As a command."""
        return f"rm -r --one-file-system {self.path}"

    def undo(self) -> None:
        """Nothing: it takes something away itself, or does no harm."""


@dataclass(frozen=True, slots=True)
class HoldLayer:
    """Mount a layer of an image if it is not mounted yet, and count one more user."""

    layer: Layer
    user: str

    def describe(self) -> str:
        """As a command."""
        return f"mount -t erofs {self.layer.index_path} ({self.layer.key}, shared) for {self.user}"

    def undo(self) -> Operation:
        """What takes it back."""
        return ReleaseLayers(self.user)


@dataclass(frozen=True, slots=True)
class ReleaseLayers:
    """Count one user less for every layer it held."""

    user: str

    def describe(self) -> str:
        """As a command."""
        return f"release the layers of {self.user}"

    def undo(self) -> None:
        """Nothing: it takes something away itself, or does no harm."""


@dataclass(frozen=True, slots=True)
class MountOverlay:
    """Mount a container's root: its private layer over META over data-only layers, or over plain layers.

    ``upper`` and ``work`` lie on one file system.
    """

    target: str
    upper: str
    work: str
    image: ImageMount

    def describe(self) -> str:
        """As a command."""
        meta, layers = self.image.meta, [layer.key for layer in reversed(self.image.layers)]
        stack = "::".join((meta.key, *(layer.key for layer in self.image.data))) if meta else ":".join(layers)
        return f"mount -t overlay -o upperdir={self.upper},lowerdir={stack} {self.target}"

    def undo(self) -> Operation:
        """What takes it back."""
        return Unmount(self.target)


@dataclass(frozen=True, slots=True)
class Unmount:
    """Unmount what is mounted at a path, if anything is."""

    path: str

    def describe(self) -> str:
        """As a command."""
        return f"umount -l {self.path}"

    def undo(self) -> None:
        """Nothing: it takes something away itself, or does no harm."""


@dataclass(frozen=True, slots=True)
class MakeInside:
    """Make a directory inside a root file system, wherever its symbolic links lead, but never outside of it."""

    root: str
    path: str

    def describe(self) -> str:
        """As a command."""
        return f"mkdir -p {self.path} (inside {self.root})"

    def undo(self) -> None:
        """Nothing: it takes something away itself, or does no harm."""
