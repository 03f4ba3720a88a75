"""Where a path of a container is on the host: a root, and the path below it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from strata_chassis.errors import PermissionDenied
from strata_runtime.adapters import inside
from strata_runtime.adapters.files.copying import normal_path
from strata_runtime.adapters.processes import open_of_process
from strata_runtime.core.container.mount import MountPoint, MountType
from strata_runtime.core.container.record import Container
from strata_runtime.engine.parts import Parts
from strata_runtime.engine.stopping import not_running


@contextmanager
def place_of(parts: Parts, container: Container, path: str) -> Iterator[tuple[int, str]]:
    """A root and a path below it: that of the running process, or a volume or the root of one that does not run.

    The root of a process is opened through /proc, so what is mounted in the container is seen as it sees it.
    Raises FailedPrecondition where the process has just ended.
    """
    place = normal_path(path)
    if container.state.is_live:
        root = _root_of_process(container)
        try:
            yield root, place
        finally:
            os.close(root)
        return
    point = _mount_at(container, place)
    source = point.source if point else str(parts.paths.rootfs(container.id))
    with inside.opened_root(source) as root:
        yield root, place.removeprefix(point.destination) or "/" if point else place


def check_writable(container: Container, path: str) -> None:
    """Raises PermissionDenied for a path that the container itself must not write to.

    While it runs the kernel says the same; of one that does not run, nothing is mounted that would.
    """
    place = normal_path(path)
    point = _mount_at(container, place)
    if not container.state.is_live and point is not None and not point.writable:
        raise PermissionDenied(
            f"{point.destination} is mounted read-only",
            reason="MOUNT_READ_ONLY",
            metadata={"destination": point.destination},
        )
    if container.spec.read_only_root and not _is_in_writable_mount(container, place):
        raise PermissionDenied("the container's root is read-only", reason="ROOT_READ_ONLY")


def _root_of_process(container: Container) -> int:
    try:
        return open_of_process(container.pid, container.id, "root", os.O_PATH | os.O_DIRECTORY)
    except ProcessLookupError as error:
        raise not_running(container) from error


def _mount_at(container: Container, place: str) -> MountPoint | None:
    """The volume or bind mount that a path of a container is in which does not run: the innermost one."""
    points = sorted(container.mount_points, key=lambda point: len(point.destination), reverse=True)
    for point in points:
        if _is_in(point, place) and point.type is not MountType.TMPFS and os.path.isdir(point.source):  # noqa: PTH112
            return point
    return None


def _is_in_writable_mount(container: Container, place: str) -> bool:
    return any(point.writable and _is_in(point, place) for point in container.mount_points)


def _is_in(point: MountPoint, place: str) -> bool:
    return place == point.destination or place.startswith(f"{point.destination}/")
