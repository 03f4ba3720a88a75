"""Docker's multiplexed stream: stdout and stderr on one connection, told apart by an eight-byte header.

Source: Docker Engine API, ContainerAttach, "Stream format": ``{stream, 0, 0, 0, size}``, the size big-endian.
"""

import struct
from enum import IntEnum

_HEADER = struct.Struct(">BxxxI")
HEADER_SIZE = _HEADER.size


class Stream(IntEnum):
    """Which stream a frame belongs to; SYSTEM_ERROR carries a message of the engine's own."""

    STDIN = 0
    STDOUT = 1
    STDERR = 2
    SYSTEM_ERROR = 3


def frame(stream: Stream, data: bytes) -> bytes:
    """One frame that carries ``data``."""
    return _HEADER.pack(stream, len(data)) + data


def read_header(header: bytes) -> tuple[Stream, int]:
    """Stream and length of the frame that follows; ValueError for a header no engine sends."""
    stream, size = _HEADER.unpack(header)
    return Stream(stream), size
