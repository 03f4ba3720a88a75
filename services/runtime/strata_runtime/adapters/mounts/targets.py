"""Places for mounts inside a root: made where they are missing, with the image's links followed inside it."""

import errno
import os
from collections.abc import Iterable
from pathlib import Path

from strata_chassis.errors import InvalidArgument
from strata_runtime.adapters import inside
from strata_runtime.core.container.mount import MountPoint, MountType


def make_targets(rootfs: str, points: Iterable[MountPoint], files: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Path without links for each place of a mount. Raises InvalidArgument where no place can be made."""
    targets = {}
    with inside.opened_root(rootfs) as root:
        for _, place in files:
            targets[place] = _made(root, place, is_file=True)
        for point in points:
            is_file = point.type is MountType.BIND and not Path(point.source).is_dir()
            targets[point.destination] = _made(root, point.destination, is_file=is_file)
    return targets


def _made(root: int, place: str, *, is_file: bool) -> str:
    try:
        return inside.make_file(root, place) if is_file else inside.make_directories(root, place)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise
        raise InvalidArgument(
            f"nothing can be mounted at {place} in the container: {os.strerror(error.errno or errno.EIO).lower()}",
            reason="MOUNT_TARGET_INVALID",
            metadata={"target": place},
        ) from error
