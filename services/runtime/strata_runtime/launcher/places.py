"""Directories that root works in, below one that others may write to.

The services' accounts may make files in the run directory. One of them that fell to somebody could make ours first, and
plant in them what root would believe.
"""

import os
import stat
from pathlib import Path


class NotOurs(RuntimeError):
    """Somebody else can write to a directory of ours."""


def claim(path: Path, mode: int = 0o700) -> None:
    """Make a directory, or see that the one that is there is ours alone. Raises NotOurs."""
    os.close(open_own(path, mode))


def open_own(path: Path, mode: int | None = None) -> int:
    """A descriptor of a directory that is ours alone; made if it is not there and a ``mode`` is given.

    Raises NotOurs for one that others can write to, OSError.
    """
    try:
        return _checked(_open(path), path)
    except FileNotFoundError:
        if mode is None:
            raise
    path.parent.mkdir(parents=True, exist_ok=True)
    path.mkdir(mode=mode, exist_ok=True)  # somebody may have been faster: it is looked at
    return _checked(_open(path), path)


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except NotADirectoryError:
        message = f"{path} is not a directory, or is a link to one: remove it, somebody else made it"
        raise NotOurs(message) from None


def _checked(descriptor: int, path: Path) -> int:
    found = os.fstat(descriptor)
    if found.st_uid == os.geteuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return descriptor
    os.close(descriptor)
    message = (
        f"{path} belongs to user {found.st_uid} with mode {stat.S_IMODE(found.st_mode):o}: "
        f"others could write there; remove it, or give it to user {os.geteuid()} with mode 700"
    )
    raise NotOurs(message)
