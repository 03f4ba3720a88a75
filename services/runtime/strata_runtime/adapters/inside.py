"""Files inside a container's root, opened so that no symbolic link, ".." or race leads out of it (openat2)."""

import contextlib
import ctypes
import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from strata_runtime.adapters.kernel import SYS_OPENAT2, system_call

RESOLVE_NO_XDEV = 0x01
RESOLVE_NO_MAGICLINKS = 0x02
RESOLVE_NO_SYMLINKS = 0x04
RESOLVE_IN_ROOT = 0x10
_MOST_RETRIES = 64
_MOST_LINKS = 40


class _OpenHow(ctypes.Structure):
    _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))


def open_inside(root: int, path: str, flags: int, mode: int = 0) -> int:
    """Open ``path`` as a process whose root is the directory ``root`` would. Raises OSError."""
    return open_resolved(root, path, flags, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS, mode)


def open_resolved(directory: int, path: str, flags: int, resolve: int, mode: int = 0) -> int:
    """Open a path below a directory in a way that openat2 is told. Raises OSError.

    Where something is renamed under way the kernel cannot be sure and says EAGAIN; it is asked again, a few times.
    """
    how = _OpenHow(flags | os.O_CLOEXEC, mode, resolve)
    for _ in range(_MOST_RETRIES):
        try:
            return system_call(SYS_OPENAT2, directory, os.fsencode(path), ctypes.byref(how), ctypes.sizeof(how))  # type: ignore[arg-type]
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


def make_directories(root: int, path: str, mode: int = 0o755) -> str:
    """``mkdir -p`` inside: links are followed inside too, dangling ones are given what they point to.

    Returns the path without links. Raises OSError (ENOTDIR, ELOOP) where something else is in the way.
    """
    return _walk(root, path, lambda parent, name: os.mkdir(name, mode, dir_fd=parent))


def make_file(root: int, path: str, most_links: int = _MOST_LINKS) -> str:
    """Make an empty file inside, unless something is there, and what is above it; returns the path without links.

    Raises OSError (ENOTDIR, ELOOP) where something else is in the way.
    """
    parent, _, name = path.rstrip("/").rpartition("/")
    directory = make_directories(root, parent)
    with opened_inside(root, directory, os.O_PATH | os.O_DIRECTORY) as descriptor:
        target = _link_target(descriptor, name)
        if target is not None:
            if not most_links:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
            return make_file(root, target if target.startswith("/") else f"{directory}/{target}", most_links - 1)
        if not _exists(descriptor, name):  # opening what is there for writing would copy it up
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            os.close(os.open(name, flags, 0o644, dir_fd=descriptor))
    return f"{directory.rstrip('/')}/{name}"


def _walk(root: int, path: str, make: Callable[[int, str], None]) -> str:
    """Go down a path name by name, making what is missing; every step is opened below the root anew."""
    left = [part for part in reversed(path.split("/")) if part not in ("", ".")]
    done: list[str] = []
    links = 0
    while left:
        name = left.pop()
        if name == "..":
            done = done[:-1]
            continue
        with opened_inside(root, "/" + "/".join(done), os.O_PATH | os.O_DIRECTORY) as parent:
            target = _link_target(parent, name)
            if target is None:
                if not _exists(parent, name):
                    with contextlib.suppress(FileExistsError):
                        make(parent, name)
                done.append(name)
                continue
        links += 1
        if links > _MOST_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
        done = [] if target.startswith("/") else done
        left += [part for part in reversed(target.split("/")) if part not in ("", ".")]
    with opened_inside(root, "/" + "/".join(done), os.O_PATH | os.O_DIRECTORY):
        return "/" + "/".join(done)


def _exists(directory: int, name: str) -> bool:
    try:
        os.lstat(name, dir_fd=directory)
    except FileNotFoundError:
        return False
    return True


def _link_target(directory: int, name: str) -> str | None:
    """Where a symbolic link points to; None for anything else."""
    try:
        return os.readlink(name, dir_fd=directory)
    except OSError:
        return None
