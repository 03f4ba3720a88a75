"""How much of a layer is in memory: the page cache is asked about each content the layer holds.

Layers are mounted with directio, so their data is cached as the layer mount's own files and nowhere else.
"""

import ctypes
import os
import stat
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from strata_runtime.adapters import kernel

_CONTENTS = (".obj", ".ref")
"""What a layer's index names by content: its own, and what it borrows, which only plain stacking reads through it."""

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
_DIRECTORY = _FILE | os.O_DIRECTORY


class _Range(ctypes.Structure):
    """``struct cachestat_range``; a length of 0 reaches to the end of the file."""

    _fields_ = (("offset", ctypes.c_uint64), ("length", ctypes.c_uint64))


class _Pages(ctypes.Structure):
    """``struct cachestat``."""

    _fields_ = tuple(
        (name, ctypes.c_uint64) for name in ("cached", "dirty", "writeback", "evicted", "recently_evicted")
    )


def resident_by_key(points: Iterable[tuple[str, Path]], budget_s: float) -> dict[str, int]:
    """Bytes in memory of each layer that could be asked within ``budget_s``, in this order; none on old kernels."""
    end = time.monotonic() + budget_s
    found: dict[str, int] = {}
    for key, point in points:
        try:
            found[key] = resident_bytes(point, end)
        except TimeoutError:
            break
        except OSError:  # unmounted meanwhile, or a kernel before 6.5
            continue
    return found


def resident_bytes(point: Path, end: float) -> int:
    """Bytes in memory of a mounted layer. Raises OSError; TimeoutError at ``end`` of the monotonic clock."""
    pages, everything = _Pages(), _Range(0, 0)
    total = 0
    for file in _contents(point):
        if time.monotonic() > end:
            raise TimeoutError
        kernel.system_call(kernel.SYS_CACHESTAT, file, ctypes.addressof(everything), ctypes.addressof(pages), 0)
        total += pages.cached
    return total * _PAGE_BYTES


def _contents(point: Path) -> Iterator[int]:
    """Descriptors of the regular files that are named by content, each open until the next one is asked for."""
    for kind in _CONTENTS:
        try:
            top = os.open(point / kind, _DIRECTORY)
        except FileNotFoundError:
            continue
        try:
            for name in os.listdir(top):  # noqa: PTH208 - of a descriptor
                yield from _files(name, top)
        finally:
            os.close(top)


def _files(name: str, parent: int) -> Iterator[int]:
    directory = os.open(name, _DIRECTORY, dir_fd=parent)
    try:
        for file_name in os.listdir(directory):  # noqa: PTH208
            status = os.stat(file_name, dir_fd=directory, follow_symlinks=False)
            if stat.S_ISREG(status.st_mode) and status.st_size:  # never open a device
                file = os.open(file_name, _FILE, dir_fd=directory)
                try:
                    yield file
                finally:
                    os.close(file)
    finally:
        os.close(directory)
