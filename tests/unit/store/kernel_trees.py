"""What the kernel says about a tree of files, and mounts to ask it about ours."""

from __future__ import annotations

import ctypes
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

_libc = ctypes.CDLL(None, use_errno=True)
_MS_RDONLY = 1
_MNT_DETACH = 2


class Facts(NamedTuple):
    """All that a file shows; a directory's size and link count are the file system's own matter."""

    mode: int
    uid: int
    gid: int
    mtime_ns: int
    size: int
    nlink: int
    rdev: int
    target: str
    content: str
    xattrs: tuple[tuple[str, bytes], ...]


def snapshot(root: Path) -> tuple[dict[str, Facts], set[frozenset[str]]]:
    """Return the facts of every path below ``root``, "." included, and the groups of hardlinked paths."""
    found: dict[str, Facts] = {}
    groups: dict[tuple[int, int], set[str]] = {}
    for directory, names, files in os.walk(root):
        paths = [Path(directory, name) for name in (*names, *files)]
        for path in [root, *paths] if Path(directory) == root else paths:
            if not os.path.lexists(path):
                continue  # overlayfs lists whiteouts of directories that hide nothing, but does not find them
            name = str(path.relative_to(root))
            found[name] = facts(path)
            status = path.lstat()
            if not stat.S_ISDIR(status.st_mode):
                groups.setdefault((status.st_dev, status.st_ino), set()).add(name)
    return found, {frozenset(group) for group in groups.values() if len(group) > 1}


def facts(path: Path) -> Facts:
    """Return the facts of one path."""
    status = path.lstat()
    is_directory = stat.S_ISDIR(status.st_mode)
    return Facts(
        status.st_mode,
        status.st_uid,
        status.st_gid,
        status.st_mtime_ns,
        0 if is_directory else status.st_size,
        0 if is_directory else status.st_nlink,
        status.st_rdev if stat.S_ISCHR(status.st_mode) or stat.S_ISBLK(status.st_mode) else 0,
        str(path.readlink()) if path.is_symlink() else "",
        sha256(path.read_bytes()).hexdigest() if stat.S_ISREG(status.st_mode) else "",
        tuple((name, os.getxattr(path, name, follow_symlinks=False)) for name in _xattrs(path)),
    )


def _xattrs(path: Path) -> list[str]:
    names = os.listxattr(path, follow_symlinks=False)
    return sorted(name for name in names if not name.startswith("trusted.overlay."))


@contextmanager
def mounted_erofs(index: Path, devices: Sequence[Path], target: Path) -> Iterator[Path]:
    """Mount an index with its devices."""
    options = ",".join(f"device={device}" for device in devices)
    with _mounted(str(index), target, "erofs", options):
        yield target


@contextmanager
def mounted_overlay(lowers: Sequence[Path], target: Path, data: Sequence[Path] = ()) -> Iterator[Path]:
    """Mount a read-only overlay, the top layer first; with ``data``, the lowers are metadata only."""
    lowerdir = ":".join(map(str, lowers)) + "".join(f"::{path}" for path in data)
    with _mounted("overlay", target, "overlay", f"lowerdir={lowerdir}" + ",metacopy=on,redirect_dir=on" * bool(data)):
        yield target


@contextmanager
def _mounted(source: str, target: Path, kind: str, options: str) -> Iterator[None]:
    target.mkdir(exist_ok=True, parents=True)
    if _libc.mount(source.encode(), str(target).encode(), kind.encode(), _MS_RDONLY, options.encode()):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), f"{kind} {options}")
    try:
        yield
    finally:
        _libc.umount2(str(target).encode(), _MNT_DETACH)
