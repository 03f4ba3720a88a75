"""The mount API of Linux 5.2: a file system is configured key by key, so no option is ever too long or misquoted."""

import os
from collections.abc import Iterable
from contextlib import suppress

from strata_runtime.adapters.kernel import (
    SYS_FSCONFIG,
    SYS_FSMOUNT,
    SYS_FSOPEN,
    SYS_MOVE_MOUNT,
    system_call,
)

_FSOPEN_CLOEXEC = _FSMOUNT_CLOEXEC = 1
_SET_FLAG, _SET_STRING, _CMD_CREATE = 0, 1, 6
_AT_FDCWD = -100
_MOVE_MOUNT_F_EMPTY_PATH = 4
_MOST_MESSAGES = 8

MOUNT_ATTR_RDONLY, MOUNT_ATTR_NOSUID, MOUNT_ATTR_NODEV = 0x1, 0x2, 0x4


def mount_filesystem(kind: str, target: str, options: Iterable[tuple[str, str | None]], attributes: int = 0) -> None:
    """Make a file system of ``options`` (None for a flag) and attach it at ``target``.

    Raises OSError with what the kernel said about it.
    """
    context = system_call(SYS_FSOPEN, kind.encode(), _FSOPEN_CLOEXEC)
    try:
        _configure(context, options)
        mounted = system_call(SYS_FSMOUNT, context, _FSMOUNT_CLOEXEC, attributes)
        try:
            system_call(SYS_MOVE_MOUNT, mounted, b"", _AT_FDCWD, os.fsencode(target), _MOVE_MOUNT_F_EMPTY_PATH)
        finally:
            os.close(mounted)
    except OSError as error:
        said = _messages(context)
        raise OSError(error.errno, f"{error.strerror}{': ' + said if said else ''}", target) from error
    finally:
        os.close(context)


def _configure(context: int, options: Iterable[tuple[str, str | None]]) -> None:
    for key, value in options:
        if value is None:
            system_call(SYS_FSCONFIG, context, _SET_FLAG, key.encode(), None, 0)
        else:
            system_call(SYS_FSCONFIG, context, _SET_STRING, key.encode(), os.fsencode(value), 0)
    system_call(SYS_FSCONFIG, context, _CMD_CREATE, None, None, 0)


def _messages(context: int) -> str:
    """What the file system logged about its configuration: lines of "e text", "w text", "i text"."""
    lines: list[str] = []
    with suppress(OSError):
        while len(lines) < _MOST_MESSAGES:
            lines.append(os.read(context, 4096).decode(errors="replace").partition(" ")[2].strip())
    return "; ".join(lines)
