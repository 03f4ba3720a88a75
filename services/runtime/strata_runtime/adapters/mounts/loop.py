"""Loop devices, for kernels that mount EROFS from block devices only."""

import fcntl
import os
import struct

_LOOP_CTL_GET_FREE, _LOOP_CONFIGURE = 0x4C82, 0x4C0A
_LO_FLAGS_READ_ONLY, _LO_FLAGS_AUTOCLEAR = 1, 4
_CONFIG_BYTES, _INFO_OFFSET, _FLAGS_OFFSET = 304, 8, 52
_MOST_TRIES = 16


def attach_loop(path: str, block_size: int = 512) -> tuple[str, int]:
    """Attach a file read-only to a free loop device: its path, and a descriptor that keeps it until it is mounted.

    The device detaches itself after its last user. Raises OSError.
    """
    backing = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        for attempt in range(_MOST_TRIES):
            try:
                return _attach(backing, block_size)
            except BlockingIOError:
                continue
            except OSError:  # another process took the free device first
                if attempt == _MOST_TRIES - 1:
                    raise
        raise OSError(16, "no loop device is free", path)
    finally:
        os.close(backing)


def _attach(backing: int, block_size: int) -> tuple[str, int]:
    control = os.open("/dev/loop-control", os.O_RDWR | os.O_CLOEXEC)
    try:
        name = f"/dev/loop{fcntl.ioctl(control, _LOOP_CTL_GET_FREE)}"
    finally:
        os.close(control)
    device = os.open(name, os.O_RDONLY | os.O_CLOEXEC)
    config = bytearray(_CONFIG_BYTES)  # struct loop_config: fd, block_size, struct loop_info64
    struct.pack_into("=II", config, 0, backing, block_size)
    struct.pack_into("=I", config, _INFO_OFFSET + _FLAGS_OFFSET, _LO_FLAGS_READ_ONLY | _LO_FLAGS_AUTOCLEAR)
    try:
        fcntl.ioctl(device, _LOOP_CONFIGURE, config)
    except OSError:
        os.close(device)
        raise
    return name, device
