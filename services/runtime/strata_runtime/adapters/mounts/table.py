"""What is mounted, as the kernel tells it."""

import os
from pathlib import Path

_ESCAPES = {"\\040": " ", "\\011": "\t", "\\012": "\n", "\\134": "\\"}


def mount_points_below(directory: Path, mountinfo: str | None = None) -> list[str]:
    """Mount points under ``directory``, the last mounted first."""
    text = Path("/proc/self/mountinfo").read_text() if mountinfo is None else mountinfo
    prefix = f"{directory}/"
    points = (_unescaped(line.split(" ", 5)[4]) for line in text.splitlines())
    return [point for point in points if point.startswith(prefix)][::-1]


def is_mount_point(path: str) -> bool:
    """Whether something is mounted at ``path``. Bind mounts within one file system count, unlike for os.path.ismount.

    A file system of its own is seen without reading the table.
    """
    return os.path.ismount(path) or path in mount_points_below(Path(path).parent)


def is_self_bind(path: str, mountinfo: str | None = None) -> bool:
    """Whether a part of a file system, not a whole one, is mounted last at ``path``."""
    text = Path("/proc/self/mountinfo").read_text() if mountinfo is None else mountinfo
    roots = [line.split(" ", 5)[3] for line in text.splitlines() if _unescaped(line.split(" ", 5)[4]) == path]
    return bool(roots) and roots[-1] != "/"


def _unescaped(text: str) -> str:
    for escape, character in _ESCAPES.items():
        text = text.replace(escape, character)
    return text
