"""Layer mounts: each layer once per host, however many containers stand on it."""

import errno
import logging
import os
import threading
import time
from contextlib import ExitStack
from pathlib import Path

from strata_runtime.adapters import kernel
from strata_runtime.adapters.mounts.filesystem import MOUNT_ATTR_RDONLY, mount_filesystem
from strata_runtime.adapters.mounts.loop import attach_loop
from strata_runtime.adapters.mounts.table import mount_points_below
from strata_runtime.core.container.record import Layer
from strata_runtime.core.paths import Paths

_log = logging.getLogger(__name__)


class LayerMounts:
    """Mounts layers when they are first needed, counts who stands on them, unmounts what nobody needs.

    Safe to use from several threads.
    """

    def __init__(self, paths: Paths) -> None:
        self._paths = paths
        self._lock = threading.Lock()
        self._mounted: set[str] = set()
        self._users: dict[str, set[str]] = {}
        self._keys: dict[str, Layer] = {}
        self._idle_since: dict[str, float] = {}
        self.uses_loop_devices = False

    def recover(self) -> None:
        """Take over the mounts that an earlier process left."""
        self._paths.layers.mkdir(parents=True, exist_ok=True)
        self._mounted = set(mount_points_below(self._paths.layers))
        now = time.monotonic()
        self._idle_since = dict.fromkeys(self._mounted, now)

    def hold(self, layer: Layer, user: str) -> Path:
        """Mount point of a layer, mounted and counted. Raises OSError."""
        point = self._paths.layer(layer.key)
        with self._lock:
            if str(point) not in self._mounted:
                self._mount(layer, point)
                self._mounted.add(str(point))
            self._users.setdefault(str(point), set()).add(user)
            self._keys[str(point)] = layer
            self._idle_since.pop(str(point), None)
        return point

    def release(self, user: str) -> None:
        """Forget a user of layers; the mounts stay for the next one for a while."""
        with self._lock:
            for point in [point for point, users in self._users.items() if user in users]:
                self._users[point].discard(user)
                if not self._users[point]:
                    del self._users[point]
                    self._idle_since[point] = time.monotonic()

    def sweep(self, idle_s: float) -> list[str]:
        """Unmount what nobody has used for ``idle_s`` seconds; returns the mount points."""
        oldest = time.monotonic() - idle_s
        with self._lock:
            stale = [point for point, since in self._idle_since.items() if since <= oldest]
            for point in stale:
                self._unmount(point)
        return stale

    def users_by_key(self) -> dict[str, int]:
        """Number of users of each layer."""
        with self._lock:
            return {layer.key: len(self._users.get(point, ())) for point, layer in self._keys.items()}

    def _mount(self, layer: Layer, point: Path) -> None:
        point.mkdir(parents=True, exist_ok=True)
        if not self.uses_loop_devices:
            try:
                mount_erofs(layer.index_path, layer.device_paths, str(point))
            except OSError as error:
                if error.errno != errno.ENOTBLK:
                    raise
                self.uses_loop_devices = True
                _log.warning("this host mounts EROFS from block devices only: using loop devices")
            else:
                return
        mount_erofs_by_loop(layer, str(point))

    def _unmount(self, point: str) -> None:
        kernel.unmount(point)
        os.rmdir(point)  # noqa: PTH106
        self._mounted.discard(point)
        self._keys.pop(point, None)
        del self._idle_since[point]


def mount_erofs(source: str, devices: tuple[str, ...], target: str) -> None:
    """Mount an EROFS image with its data devices, read-only. Raises OSError."""
    # "ro" is for the superblock: without it the kernel asks a block device for the right to write.
    options: list[tuple[str, str | None]] = [
        ("ro", None),
        ("source", source),
        *(("device", device) for device in devices),
    ]
    try:
        direct = [*options, ("directio", None)]  # the data is cached once, as this file system's
        mount_filesystem("erofs", target, direct, MOUNT_ATTR_RDONLY)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        mount_filesystem("erofs", target, options, MOUNT_ATTR_RDONLY)


def mount_erofs_by_loop(layer: Layer, target: str) -> None:
    """The same through loop devices, which detach themselves when it is unmounted."""
    with ExitStack() as stack:
        names = []
        for path in (layer.index_path, *layer.device_paths):
            name, descriptor = attach_loop(path)
            stack.callback(os.close, descriptor)
            names.append(name)
        mount_erofs(names[0], tuple(names[1:]), target)
