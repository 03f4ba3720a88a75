"""Keep a process small: the suite's services idle most of their life, and several of them share a host."""

import ctypes
import gc
import mmap
from collections.abc import Iterator
from pathlib import Path

# Names of mallopt(3). Blobs flow in messages of 1 MiB: their buffers must be used again, not mapped and faulted in anew
# for each (that costs half of a stream's time).
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8
_MIB = 1 << 20


def tune() -> None:
    """Call it first of all, before there are threads: they would have heaps of their own already."""
    libc = ctypes.CDLL(None)
    libc.mallopt(_M_ARENA_MAX, 2)
    libc.mallopt(_M_MMAP_THRESHOLD, 8 * _MIB)
    libc.mallopt(_M_TRIM_THRESHOLD, 16 * _MIB)


def settle() -> None:
    """Call it when everything is imported and wired: gives back what only starting needed.

    Frozen objects are not walked by the collector any more, so that their pages stay as they are. Code that only
    starting needed is unmapped; what is needed again comes back from the page cache.
    """
    gc.collect()
    gc.freeze()
    libc = ctypes.CDLL(None)
    libc.malloc_trim(0)
    for start, length in _untouched_files():
        libc.madvise(ctypes.c_void_p(start), ctypes.c_size_t(length), mmap.MADV_DONTNEED)


def _untouched_files() -> Iterator[tuple[int, int]]:
    """Yield address and length of the mappings of files that cannot be written and have not been: code and constants.

    What the dynamic linker relocated is read-only as well, but no longer what the file says ("Anonymous" in smaps).
    Source: proc(5), /proc/pid/smaps.
    """
    for head, sizes in _mappings():
        addresses, permissions, _, _, inode, *_ = head.split(maxsplit=5)
        if permissions in (b"r-xp", b"r--p") and inode != b"0" and sizes[b"Anonymous"] == 0:
            start, end = (int(address, 16) for address in addresses.split(b"-"))
            yield start, end - start


def _mappings() -> Iterator[tuple[bytes, dict[bytes, int]]]:
    """Yield the first line of every mapping of this process, and its sizes in KiB by name."""
    text = Path("/proc/self/smaps").read_bytes()
    head, sizes = b"", dict[bytes, int]()
    for line in text.splitlines():
        name, *values = line.split()
        if not name.endswith(b":"):
            head, sizes = line, {}
        elif name == b"VmFlags:":
            yield head, sizes
        elif values[0].isdigit():
            sizes[name[:-1]] = int(values[0])
