"""Keep a process small: the suite's services idle most of their life, and several of them share a host."""

import ctypes
import gc

_M_TRIM_THRESHOLD = -1
_M_ARENA_MAX = -8


def settle() -> None:
    """Call it when everything is imported and wired: frees what starting left, and keeps that from coming back.

    Frozen objects are not walked by the collector any more, so that their pages stay as they are.
    """
    libc = ctypes.CDLL(None)
    libc.mallopt(_M_ARENA_MAX, 2)
    libc.mallopt(_M_TRIM_THRESHOLD, 256 * 1024)
    gc.collect()
    gc.freeze()
    libc.malloc_trim(0)
