"""System calls that Python 3.11 has no function for. All raise OSError."""

import ctypes
import os

SYS_OPEN_TREE, SYS_MOVE_MOUNT, SYS_FSOPEN, SYS_FSCONFIG, SYS_FSMOUNT = 428, 429, 430, 431, 432
SYS_PIDFD_SEND_SIGNAL, SYS_OPENAT2, SYS_CACHESTAT = 424, 437, 451
MNT_DETACH = 2

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


def system_call(number: int, *arguments: int | bytes | ctypes.Structure | None) -> int:
    """Result of a system call by number; integers are passed as 64 bits."""
    values = [ctypes.c_long(item) if isinstance(item, int) else item for item in arguments]
    result = int(_libc.syscall(ctypes.c_long(number), *values))
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return result


def mount(source: str, target: str, kind: str = "", flags: int = 0, data: str = "") -> None:
    """Mount a file system, the way of before Linux 5.2."""
    encoded = [os.fsencode(text) if text else None for text in (source, target, kind)]
    if _libc.mount(*encoded, ctypes.c_ulong(flags), os.fsencode(data) if data else None) != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error), target)


def unmount(path: str, flags: int = MNT_DETACH) -> None:
    """Unmount, at once for all names; what is open stays usable until it is closed."""
    if _libc.umount2(os.fsencode(path), ctypes.c_int(flags)) != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error), path)
