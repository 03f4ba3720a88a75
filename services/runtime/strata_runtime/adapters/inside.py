"""Files inside a container's root, opened so that no symbolic link, ".." or race leads out of it (openat2)."""

import ctypes
import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager

from strata_runtime.adapters.kernel import SYS_OPENAT2, system_call

RESOLVE_NO_MAGICLINKS = 0x02
RESOLVE_IN_ROOT = 0x10
_MOST_RETRIES = 64


class _OpenHow(ctypes.Structure):
    _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))


def open_inside(root: int, path: str, flags: int, mode: int = 0) -> int:
    """Open ``path`` as a process whose root is the directory ``root`` would. Raises OSError.

    Where something is renamed under way the kernel cannot be sure and says EAGAIN; it is asked again, a few times.
    """
    how = _OpenHow(flags | os.O_CLOEXEC, mode, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS)
    for _ in range(_MOST_RETRIES):
        try:
            return system_call(SYS_OPENAT2, root, os.fsencode(path), ctypes.byref(how), ctypes.sizeof(how))  # type: ignore[arg-type]
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EINTR):
                error.filename = path
                raise
    raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN), path)


@contextmanager
def opened_inside(root: int, path: str, flags: int) -> Iterator[int]:
    """``open_inside``, closed at the end."""
    descriptor = open_inside(root, path, flags)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def opened_root(path: str) -> Iterator[int]:
    """The root itself, named by a path of ours."""
    descriptor = os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def read_inside(root: int, path: str, most_bytes: int) -> bytes | None:
    """Content of a regular file, None if there is no such file or it is larger than ``most_bytes``."""
    try:
        with opened_inside(root, path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY) as descriptor:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode) or status.st_size > most_bytes:
                return None
            return os.read(descriptor, most_bytes)
    except OSError:
        return None


def make_directories(root: int, path: str, mode: int = 0o755) -> None:
    """``mkdir -p`` inside. Raises OSError (ENOTDIR) where something else is in the way."""
    current = os.dup(root)
    walked = ""
    try:
        for name in [part for part in path.split("/") if part not in ("", ".")]:
            walked += f"/{name}"
            following = _open_or_make(root, walked, current, name, mode)
            os.close(current)
            current = following
    finally:
        os.close(current)


def _open_or_make(root: int, walked: str, parent: int, name: str, mode: int) -> int:
    flags = os.O_PATH | os.O_DIRECTORY
    try:
        return open_inside(root, walked, flags)
    except FileNotFoundError:
        if name == "..":
            raise
        os.mkdir(name, mode, dir_fd=parent)
        return open_inside(root, walked, flags)
