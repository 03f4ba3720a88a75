"""Removal of trees that a container made: as deep as it liked, and with whatever names."""

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

from strata_runtime.adapters.inside import RESOLVE_NO_SYMLINKS, RESOLVE_NO_XDEV, open_resolved

_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_RESOLVE = RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS


def remove_tree(path: str) -> None:
    """Remove a directory of ours. One that is not there is no error. Raises OSError.

    Needs neither a stack frame nor an open file for each level, and no path: two directories are open at a time. No
    link is followed; a mount in the tree, also one of the same file system, makes it fail (EXDEV, EBUSY) rather than
    lose what is mounted.
    """
    with contextlib.suppress(FileNotFoundError):
        emptying = _Emptying(os.open(path, _FLAGS))
        try:
            emptying.run()
        finally:
            os.close(emptying.current)
        Path(path).rmdir()


@dataclass(slots=True)
class _Level:
    """A directory that is being emptied: its name above, which file it is, and the directories left in it."""

    name: str
    identity: tuple[int, int]
    left: list[str]


class _Emptying:
    """A walk that empties every directory it leaves. ``current`` is the one open directory."""

    def __init__(self, top: int) -> None:
        self.current = top
        self._levels: list[_Level] = []

    def run(self) -> None:
        """Empty the tree below."""
        self._begin("")
        while len(self._levels) > 1 or self._levels[-1].left:
            if self._levels[-1].left:
                name = self._levels[-1].left.pop()
                self._move(name)
                self._begin(name)
            else:
                self._leave()

    def _begin(self, name: str) -> None:
        """Remove the files of the directory; those in it that are directories come later."""
        level = _Level(name, _identity(self.current), [])
        for entry in os.scandir(self.current):
            if entry.is_dir(follow_symlinks=False):
                level.left.append(entry.name)
            else:
                os.unlink(entry.name, dir_fd=self.current)
        self._levels.append(level)

    def _leave(self) -> None:
        """Go up and remove the directory that is empty now. Raises OSError if it was moved meanwhile."""
        name = self._levels.pop().name
        self._move("..")
        if _identity(self.current) != self._levels[-1].identity:
            raise FileExistsError(f"{name} was moved while it was removed")
        os.rmdir(name, dir_fd=self.current)

    def _move(self, name: str) -> None:
        following = open_resolved(self.current, name, _FLAGS, _RESOLVE)
        os.close(self.current)
        self.current = following


def _identity(directory: int) -> tuple[int, int]:
    status = os.fstat(directory)
    return status.st_dev, status.st_ino
