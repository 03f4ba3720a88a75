"""System calls that Python's library has no name for."""

import ctypes
import gc
import os

_libc = ctypes.CDLL(None, use_errno=True)
_FALLOC_FL_KEEP_SIZE = 1
_FALLOC_FL_PUNCH_HOLE = 2
_SYNC_FILE_RANGE_WRITE = 2
_libc.fallocate.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64)
_libc.sync_file_range.argtypes = (ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint)


def punch_hole(descriptor: int, offset: int, length: int) -> None:
    """Give back the blocks of a range of a file; it reads as zeros then."""
    if _libc.fallocate(descriptor, _FALLOC_FL_PUNCH_HOLE | _FALLOC_FL_KEEP_SIZE, offset, length):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def give_back_memory() -> None:
    """Return to the system what the process has freed: a pull leaves twenty megabytes behind, and days of idleness."""
    gc.collect()
    _libc.malloc_trim(0)


def start_writeback(descriptor: int, offset: int, length: int) -> None:
    """Let the kernel begin to write a range to the disk, so that a later fsync has less to wait for."""
    _libc.sync_file_range(descriptor, offset, length, _SYNC_FILE_RANGE_WRITE)
