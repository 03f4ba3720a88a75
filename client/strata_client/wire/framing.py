"""Length-prefixed gRPC messages: one byte of flags, four of length, then the message."""

from strata_chassis.errors import Internal, ResourceExhausted

PREFIX_BYTES = 5
MAX_MESSAGE_BYTES = 16 * 1024 * 1024


def frame(message: bytes) -> bytes:
    """Put the prefix before one uncompressed message."""
    return b"\0" + len(message).to_bytes(4, "big") + message


class MessageReader:
    """Cuts a stream of bytes into messages, whatever the pieces it comes in."""

    def __init__(self, max_message_bytes: int = MAX_MESSAGE_BYTES) -> None:
        """Refuse messages longer than ``max_message_bytes``."""
        self._max_message_bytes = max_message_bytes
        self._buffer = bytearray()

    @property
    def is_between_messages(self) -> bool:
        """Whether the stream may end here."""
        return not self._buffer

    def feed(self, data: bytes) -> list[bytes]:
        """Take bytes as they came; give the messages that they completed."""
        self._buffer += data
        messages = []
        start = 0
        while (end := self._end_of_message(start)) is not None:
            messages.append(bytes(self._buffer[start + PREFIX_BYTES : end]))
            start = end
        del self._buffer[:start]
        return messages

    def _end_of_message(self, start: int) -> int | None:
        """Where the message at ``start`` ends, None while some of it is missing."""
        buffer = self._buffer
        if len(buffer) - start < PREFIX_BYTES:
            return None
        if buffer[start] != 0:
            message = "the peer sent a compressed message, which was not offered"
            raise Internal(message, reason="BAD_FRAMING")
        size = int.from_bytes(buffer[start + 1 : start + PREFIX_BYTES], "big")
        if size > self._max_message_bytes:
            message = f"the peer sent a message of {size} bytes; the most is {self._max_message_bytes}"
            raise ResourceExhausted(message, reason="MESSAGE_TOO_LARGE", metadata={"size_bytes": str(size)})
        end = start + PREFIX_BYTES + size
        return end if end <= len(buffer) else None
