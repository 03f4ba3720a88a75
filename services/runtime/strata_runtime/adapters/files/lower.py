"""What an image has at a path, below a container's private layer."""

import os
import stat
from collections.abc import Sequence
from pathlib import Path

OPAQUE = "trusted.overlay.opaque"


class Lower:
    """The image's tree: META, which is merged already, or plain layers with the topmost first."""

    def __init__(self, roots: Sequence[Path]) -> None:
        self._roots = [str(root) for root in roots]

    def status(self, path: str) -> os.stat_result | None:
        """What is at a path ("/a/b"), symbolic links not followed; None if nothing is."""
        for root in self._roots:
            found = _look_up(root, path)
            if isinstance(found, os.stat_result):
                return found
            if found is _HIDDEN:
                return None
        return None

    def names(self, path: str) -> set[str]:
        """Names in a directory of the image."""
        names: set[str] = set()
        hidden: set[str] = set()
        for root in self._roots:
            found = _look_up(root, path)
            if found is _HIDDEN:
                break
            if isinstance(found, os.stat_result) and stat.S_ISDIR(found.st_mode):
                for entry in os.scandir(root + path):
                    target = hidden if is_whiteout(entry.stat(follow_symlinks=False)) else names
                    if entry.name not in names | hidden:
                        target.add(entry.name)
                if is_opaque(root + path):
                    break
        return names


class _Hidden:
    """A layer says that nothing below it counts."""


_HIDDEN = _Hidden()


def _look_up(root: str, path: str) -> os.stat_result | _Hidden | None:
    """Walk down a layer name by name: a symbolic link or a file on the way ends the walk."""
    current = root
    status: os.stat_result | None = None
    is_hiding = False
    for name in ["", *[part for part in path.split("/") if part]]:
        current = f"{current}/{name}" if name else current
        if status is not None and not stat.S_ISDIR(status.st_mode):
            return _HIDDEN
        try:
            status = os.lstat(current)
        except FileNotFoundError:
            return _HIDDEN if is_hiding else None
        if is_whiteout(status):
            return _HIDDEN
        is_hiding = is_hiding or (stat.S_ISDIR(status.st_mode) and is_opaque(current))
    return status


def is_whiteout(status: os.stat_result) -> bool:
    """Whether a file says that a path was deleted."""
    return stat.S_ISCHR(status.st_mode) and status.st_rdev == 0


def is_opaque(path: str) -> bool:
    """Whether a directory hides what lower layers have in it."""
    return overlay_attribute(path, OPAQUE) == b"y"


def overlay_attribute(path: str, name: str) -> bytes | None:
    """An attribute that overlayfs keeps, None if it is not set."""
    try:
        return os.getxattr(path, name, follow_symlinks=False)
    except OSError:
        return None
