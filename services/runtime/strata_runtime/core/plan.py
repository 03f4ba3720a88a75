"""Plans: which operations, in which order, give a container its root and take it back."""

from strata_runtime.core.container.record import Container
from strata_runtime.core.operations import (
    HoldLayer,
    MakeDirectory,
    MountOverlay,
    Operation,
    ReleaseLayers,
    RemoveTree,
    Unmount,
)
from strata_runtime.core.paths import Paths


def plan_root(container: Container, paths: Paths) -> tuple[Operation, ...]:
    """Directories, layers and the overlay of a container. Every step is idempotent."""
    upper, work = paths.upper(container.id), paths.work(container.id)
    return (
        MakeDirectory(str(paths.container(container.id))),
        MakeDirectory(str(upper), 0o755),
        MakeDirectory(str(work)),
        MakeDirectory(str(paths.rootfs(container.id))),
        *(HoldLayer(layer, container.id) for layer in container.image_mount.all_layers()),
        MountOverlay(str(paths.rootfs(container.id)), str(upper), str(work), container.image_mount),
    )


def plan_unmount(container: Container, paths: Paths) -> tuple[Operation, ...]:
    """Takes the root of a container that does not run away; what it changed is kept."""
    return (Unmount(str(paths.rootfs(container.id))), ReleaseLayers(container.id))


def plan_removal(container: Container, paths: Paths) -> tuple[Operation, ...]:
    """Leaves nothing of a container on the host."""
    return (
        *plan_unmount(container, paths),
        RemoveTree(str(paths.bundle(container.id))),
        RemoveTree(str(paths.container(container.id))),
    )
