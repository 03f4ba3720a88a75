"""Carries plans out, and takes back what was done when a step fails."""

import logging
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from strata_chassis.errors import InvalidArgument, StrataError
from strata_runtime.adapters import inside, kernel
from strata_runtime.adapters.mounts.layers import LayerMounts
from strata_runtime.adapters.mounts.overlay import OverlayMounter
from strata_runtime.adapters.mounts.table import is_mount_point, is_self_bind
from strata_runtime.adapters.removal import remove_tree
from strata_runtime.core.operations import (
    HoldLayer,
    MakeDirectory,
    MakeInside,
    MountOverlay,
    Operation,
    ReleaseLayers,
    RemoveTree,
    Unmount,
)

_log = logging.getLogger(__name__)


class Executor:
    """Does what operations say. Blocking: call it in a thread."""

    def __init__(self, layers: LayerMounts, overlays: OverlayMounter) -> None:
        self._layers = layers
        self._overlays = overlays
        self._actions: dict[type, Callable[[Any], None]] = {
            MakeDirectory: lambda step: Path(step.path).mkdir(step.mode, parents=True, exist_ok=True),
            RemoveTree: lambda step: remove_tree(step.path),
            HoldLayer: self._hold,
            ReleaseLayers: lambda step: layers.release(step.user),
            MountOverlay: self._mount_overlay,
            Unmount: lambda step: unmount_if_mounted(step.path),
            MakeInside: make_inside,
        }

    def run(self, plan: Iterable[Operation]) -> None:
        """Do all steps; if one fails, undo those done, the last first, and raise its error."""
        done: list[Operation] = []
        try:
            for step in plan:
                _log.debug("%s", step.describe())
                self._actions[type(step)](step)
                done.append(step)
        except (OSError, StrataError):
            self._undo(done)
            raise

    def _undo(self, done: list[Operation]) -> None:
        for step in reversed(done):
            inverse = step.undo()
            if inverse is None:
                continue
            try:
                self._actions[type(inverse)](inverse)
            except OSError as error:  # the first error is the one to report
                _log.warning("cannot undo: %s: %s", inverse.describe(), error)

    def _hold(self, step: HoldLayer) -> None:
        self._layers.hold(step.layer, step.user)

    def _mount_overlay(self, step: MountOverlay) -> None:
        if not os.path.ismount(step.target):
            self._overlays.mount(step)


def unmount_if_mounted(path: str) -> None:
    """Unmount, unless nothing is mounted there."""
    if is_mount_point(path):
        kernel.unmount(path)


def unmount_self_bind(path: str) -> None:
    """Unmount a directory that was mounted on itself; a file system of its own at the same place stays."""
    if is_self_bind(path):
        kernel.unmount(path)


def make_inside(step: MakeInside) -> None:
    """Make a directory inside a root."""
    try:
        with inside.opened_root(step.root) as root:
            inside.make_directories(root, step.path)
    except (NotADirectoryError, FileNotFoundError) as error:
        raise InvalidArgument(
            f"{step.path} cannot be a directory of the container: something else is in the way",
            reason="WORKING_DIR_INVALID",
            metadata={"path": step.path},
        ) from error
