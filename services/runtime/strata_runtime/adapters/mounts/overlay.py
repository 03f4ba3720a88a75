"""The overlay that is a container's root."""

import errno
import logging
from collections.abc import Callable
from pathlib import Path

from strata_runtime.adapters.mounts.filesystem import mount_filesystem
from strata_runtime.core.operations import MountOverlay

_log = logging.getLogger(__name__)
Option = tuple[str, str | None]
TREE = "fs"
"""Name of a layer's own tree in its index; the contents by digest lie beside it."""


def hybrid_options(operation: MountOverlay, layer_path: Callable[[str], Path]) -> list[Option]:
    """META below the private layer, the layers as data only: equal files of all images are one file of the host."""
    meta = operation.image.meta
    if meta is None:
        return stacked_options(operation, layer_path)
    return [
        ("metacopy", "on"),
        ("redirect_dir", "on"),
        ("lowerdir+", str(layer_path(meta.key))),
        *(("datadir+", str(layer_path(layer.key))) for layer in operation.image.data),
        *_private(operation),
    ]


def stacked_options(operation: MountOverlay, layer_path: Callable[[str], Path]) -> list[Option]:
    """The layers one on the other, topmost first."""
    return [
        ("redirect_dir", "on"),
        *(("lowerdir+", str(layer_path(layer.key) / TREE)) for layer in reversed(operation.image.layers)),
        *_private(operation),
    ]


def joined_options(operation: MountOverlay, layer_path: Callable[[str], Path]) -> list[Option]:
    """The same for kernels before 6.8, which want all layers in one string."""
    lowers = ":".join(str(layer_path(layer.key) / TREE) for layer in reversed(operation.image.layers))
    return [("redirect_dir", "on"), ("lowerdir", lowers), *_private(operation)]


def _private(operation: MountOverlay) -> list[Option]:
    return [("upperdir", operation.upper), ("workdir", operation.work), ("source", "strata")]


class OverlayMounter:
    """Mounts overlays the best way this kernel knows; what it refuses once is not tried again."""

    def __init__(self, layer_path: Callable[[str], Path]) -> None:
        self._layer_path = layer_path
        self._ways = [hybrid_options, stacked_options, joined_options]

    @property
    def strategy(self) -> str:
        """Name of the way in use: "hybrid" or "stacked"."""
        return "hybrid" if self._ways[0] is hybrid_options else "stacked"

    def mount(self, operation: MountOverlay) -> None:
        """Mount the overlay. Raises OSError."""
        while True:
            try:
                mount_filesystem("overlay", operation.target, self._ways[0](operation, self._layer_path))
            except OSError as error:
                if error.errno != errno.EINVAL or len(self._ways) == 1:
                    raise
                _log.warning("the kernel refuses overlays in the way of %s: %s", self._ways[0].__name__, error)
                del self._ways[0]
            else:
                return
