"""What a connection knows about one call: what waits to be sent, what waits to be read, how it ended."""

from collections import deque

from strata_chassis.errors import Internal, StrataError
from strata_client.wire import outcome
from strata_client.wire.framing import PREFIX_BYTES, MessageReader, frame
from strata_client.wire.metadata import Headers

STREAM_WINDOW_BYTES = 4 * 1024 * 1024
"""How much a peer may send ahead of a reader who is slow."""


class Call:
    """One HTTP/2 stream that carries one gRPC call. Only its connection changes it."""

    def __init__(self, stream_id: int, send_window: int) -> None:
        """Begin open on both sides, with the peer's initial window for what we send."""
        self.stream_id = stream_id
        self.send_window = send_window
        self.outbox: deque[memoryview] = deque()
        self.unsent_bytes = 0
        self.is_sending_finished = False
        self.is_end_sent = False
        self.inbox: deque[bytes] = deque()
        self.has_ended = False
        self.error: StrataError | None = None
        self._reader = MessageReader()
        self._headers: dict[str, str] | None = None
        self._receive_window = STREAM_WINDOW_BYTES
        self._uncredited_bytes = 0
        self._waiting_bytes = 0

    # ------------------------------------------------------------------------------------------------- what we send

    def queue(self, message: bytes) -> None:
        """Line up a message; it leaves as the windows allow."""
        framed = memoryview(frame(message))
        self.outbox.append(framed)
        self.unsent_bytes += len(framed)

    def next_piece(self, room_bytes: int) -> bytes:
        """Take at most ``room_bytes`` from the front of the outbox."""
        first = self.outbox[0]
        piece = bytes(first[:room_bytes])
        if len(piece) == len(first):
            self.outbox.popleft()
        else:
            self.outbox[0] = first[room_bytes:]
        self.unsent_bytes -= len(piece)
        self.send_window -= len(piece)
        return piece

    # ---------------------------------------------------------------------------------------------- what we receive

    def receive_headers(self, headers: Headers, *, ends: bool) -> None:
        """Take the response's headers, or its trailers."""
        names = dict(headers)
        if names.get(":status", "").startswith("1"):
            return
        if self._headers is None:
            self._headers = names
            result = outcome.outcome_of_headers(names)
        else:
            result = outcome.outcome_of_trailers(names)
        if result is not None:
            self._end_with(result)
        elif ends:
            self.end(Internal("the peer ended the call without a status", reason="NO_STATUS"))

    def receive_data(self, content: bytes, frame_bytes: int, *, ends: bool) -> None:
        """Take a DATA frame's content; ``frame_bytes`` is what flow control counts, padding included."""
        self._receive_window -= frame_bytes
        self._uncredited_bytes += frame_bytes
        if self._receive_window < 0:
            message = "the peer sent more than its window"
            raise Internal(message, reason="FLOW_CONTROL_ERROR")
        messages = self._reader.feed(content)
        self.inbox += messages
        self._waiting_bytes += sum(map(_framed_bytes, messages))
        if ends:
            self.end(Internal("the peer ended the call without a status", reason="NO_STATUS"))

    def take(self) -> bytes | None:
        """Give the next whole message, None while there is none."""
        if not self.inbox:
            return None
        message = self.inbox.popleft()
        self._waiting_bytes -= _framed_bytes(message)
        return message

    def take_credit(self) -> int:
        """Bytes that the peer may send anew, zero while a reader lags behind or it is too little to tell.

        Whole messages in the inbox are not credited before they are read: a slow reader slows its peer down. The
        beginning of a message is credited at once, or one larger than the window could never be complete.
        """
        credit = self._uncredited_bytes - self._waiting_bytes
        if self.has_ended or credit < STREAM_WINDOW_BYTES // 4:
            return 0
        self._uncredited_bytes -= credit
        self._receive_window += credit
        return credit

    # ------------------------------------------------------------------------------------------------------- the end

    def end(self, error: StrataError | None) -> None:
        """Record how the call ended; only the first end counts."""
        if self.has_ended:
            return
        self.has_ended = True
        self.error = error
        self.outbox.clear()
        self.unsent_bytes = 0

    def _end_with(self, result: outcome.Outcome) -> None:
        if result.code != outcome.OK:
            self.end(outcome.error_of(result))
        elif not self._reader.is_between_messages:
            self.end(Internal("the peer ended the call in the middle of a message", reason="BAD_FRAMING"))
        else:
            self.end(None)


def _framed_bytes(message: bytes) -> int:
    return PREFIX_BYTES + len(message)
