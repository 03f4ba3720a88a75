"""Keep a process small: the suite's services idle most of their life, and several of them share a host."""

import ctypes
import gc

# Names of mallopt(3). Blobs flow in messages of 1 MiB: their buffers must be used again, not mapped and faulted in anew
# for each (that costs half of a stream's time).
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8
_MIB = 1 << 20


def settle() -> None:
    """Call it when everything is imported and wired: frees what starting left, and keeps that from coming back.

    Frozen objects are not walked by the collector any more, so that their pages stay as they are.
    """
    libc = ctypes.CDLL(None)
    libc.mallopt(_M_ARENA_MAX, 2)
    libc.mallopt(_M_MMAP_THRESHOLD, 8 * _MIB)
    libc.mallopt(_M_TRIM_THRESHOLD, 16 * _MIB)
    gc.collect()
    gc.freeze()
    libc.malloc_trim(0)
