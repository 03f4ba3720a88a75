"""HTTP/2 frames: nine bytes of header, then the payload. Source: RFC 9113, sections 4 and 6."""

from typing import NamedTuple, NoReturn

from strata_chassis.errors import Internal

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
HEADER_BYTES = 9
MAX_PAYLOAD_BYTES = 1024 * 1024
"""What we let the peer send in one frame; large frames mean few turns of a Python loop."""

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, ACK, END_HEADERS, PADDED, WITH_PRIORITY = 0x1, 0x1, 0x4, 0x8, 0x20

_PRIORITY_BYTES = 5


class Frame(NamedTuple):
    """One frame as it was on the wire."""

    kind: int
    flags: int
    stream_id: int
    payload: bytes


def encode(kind: int, flags: int, stream_id: int, payload: bytes = b"") -> bytes:
    """Bytes of one frame."""
    return len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream_id.to_bytes(4, "big") + payload


def encode_settings(settings: dict[int, int]) -> bytes:
    """Payload of a SETTINGS frame."""
    return b"".join(name.to_bytes(2, "big") + value.to_bytes(4, "big") for name, value in settings.items())


def decode_settings(payload: bytes) -> dict[int, int]:
    """Read the payload of a SETTINGS frame; the last value of a name counts."""
    if len(payload) % 6:
        refuse("a SETTINGS frame of a broken length")
    pieces = (payload[at : at + 6] for at in range(0, len(payload), 6))
    return {int.from_bytes(piece[:2], "big"): int.from_bytes(piece[2:], "big") for piece in pieces}


def decode_number(frame: Frame, mask: int = 0x7FFFFFFF) -> int:
    """Read the 32-bit number that makes up the payload of WINDOW_UPDATE and RST_STREAM."""
    if len(frame.payload) != 4:  # noqa: PLR2004
        refuse(f"a frame of kind {frame.kind} with {len(frame.payload)} bytes")
    return int.from_bytes(frame.payload, "big") & mask


def content_of(frame: Frame) -> bytes:
    """Payload of DATA or HEADERS without padding and without the old priority fields."""
    payload = frame.payload
    start, end = 0, len(payload)
    if frame.flags & PADDED:
        if not payload:
            refuse("a padded frame without a length of padding")
        start, end = 1, end - payload[0]
    if frame.kind == HEADERS and frame.flags & WITH_PRIORITY:
        start += _PRIORITY_BYTES
    if start > end:
        refuse("a frame with more padding than payload")
    return payload[start:end]


def refuse(what: str) -> NoReturn:
    """Raise the error for a peer that does not speak HTTP/2 as it should."""
    message = f"the peer broke the HTTP/2 protocol: {what}"
    raise Internal(message, reason="HTTP2_PROTOCOL_ERROR")


class FrameReader:
    """Cuts a stream of bytes into frames, whatever the pieces it comes in."""

    def __init__(self) -> None:
        """Begin between two frames."""
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Frame]:
        """Take bytes as they came; give the frames that they completed."""
        buffer = self._buffer
        buffer += data
        frames = []
        start = 0
        while len(buffer) - start >= HEADER_BYTES:
            size = int.from_bytes(buffer[start : start + 3], "big")
            if size > MAX_PAYLOAD_BYTES:
                refuse(f"a frame of {size} bytes; {MAX_PAYLOAD_BYTES} were allowed")
            end = start + HEADER_BYTES + size
            if end > len(buffer):
                break
            stream_id = int.from_bytes(buffer[start + 5 : start + 9], "big") & 0x7FFFFFFF
            frames.append(Frame(buffer[start + 3], buffer[start + 4], stream_id, bytes(buffer[start + 9 : end])))
            start = end
        del buffer[:start]
        return frames
