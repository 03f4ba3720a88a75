"""The client's side of one HTTP/2 connection, without I/O.

Whoever owns it moves bytes: ``receive`` takes what came, ``output`` gives what is to be written now. In between, calls
are started, fed and read. Source: RFC 9113.
"""

from strata_chassis.errors import ResourceExhausted, StrataError, Unavailable
from strata_client.wire import frames
from strata_client.wire.call import STREAM_WINDOW_BYTES, Call
from strata_client.wire.frames import Frame, FrameReader, refuse
from strata_client.wire.hpack import MAX_HEADER_LIST_BYTES, decode_headers, encode_headers
from strata_client.wire.metadata import Headers, request_headers
from strata_client.wire.outcome import error_of, outcome_of_reset

_HEADER_TABLE_SIZE, _ENABLE_PUSH, _MAX_CONCURRENT_STREAMS, _INITIAL_WINDOW_SIZE, _MAX_FRAME_SIZE = 1, 2, 3, 4, 5
_DEFAULT_WINDOW_BYTES = 65_535
_MAX_WINDOW_BYTES = 2**31 - 1
_MAX_SENT_PAYLOAD_BYTES = 256 * 1024
_CONNECTION_WINDOW_BYTES = 64 * 1024 * 1024
_CANCEL, _NO_ERROR = 8, 0


class Connection:
    """All calls of one connection; raises StrataError from ``receive`` when the peer breaks the protocol."""

    def __init__(self, authority: str = "localhost", scheme: str = "http") -> None:
        """Line up the preface; ``authority`` and ``scheme`` go into every call's headers."""
        self._authority = authority
        self._scheme = scheme
        self._output: list[bytes] = [frames.PREFACE]
        self._reader = FrameReader()
        self._calls: dict[int, Call] = {}
        self._next_stream_id = 1
        self._block: tuple[Frame, bytearray] | None = None
        self._send_window = _DEFAULT_WINDOW_BYTES
        self._uncredited_bytes = 0
        self._peer = {
            _MAX_CONCURRENT_STREAMS: 2**32,
            _INITIAL_WINDOW_SIZE: _DEFAULT_WINDOW_BYTES,
            _MAX_FRAME_SIZE: 16_384,
        }
        self._closing: StrataError | None = None
        self._send_settings()

    def _send_settings(self) -> None:
        ours = {
            _HEADER_TABLE_SIZE: 0,
            _ENABLE_PUSH: 0,
            _INITIAL_WINDOW_SIZE: STREAM_WINDOW_BYTES,
            _MAX_FRAME_SIZE: frames.MAX_PAYLOAD_BYTES,
        }
        self._send(frames.SETTINGS, 0, 0, frames.encode_settings(ours))
        self._send_credit(0, _CONNECTION_WINDOW_BYTES - _DEFAULT_WINDOW_BYTES)

    @property
    def is_closing(self) -> bool:
        """Whether no more calls can be started."""
        return self._closing is not None

    # ----------------------------------------------------------------------------------------------- what callers do

    def start(self, path: str, metadata: Headers, timeout_s: float | None = None) -> Call:
        """Begin a call of ``/package.Service/Method``."""
        if self._closing is not None:
            raise self._closing
        if len(self._calls) >= self._peer[_MAX_CONCURRENT_STREAMS]:
            message = "the peer takes no more calls on this connection at a time"
            raise ResourceExhausted(message, reason="TOO_MANY_CALLS")
        call = Call(self._next_stream_id, self._peer[_INITIAL_WINDOW_SIZE])
        self._next_stream_id += 2
        self._calls[call.stream_id] = call
        headers = request_headers(self._scheme, self._authority, path, metadata, timeout_s)
        self._send(frames.HEADERS, frames.END_HEADERS, call.stream_id, encode_headers(headers))
        return call

    def send(self, call: Call, message: bytes) -> None:
        """Line up one message; without effect when the call has ended."""
        if not call.has_ended:
            call.queue(message)

    def finish_sending(self, call: Call) -> None:
        """Say that no more messages follow."""
        call.is_sending_finished = True

    def take(self, call: Call) -> bytes | None:
        """Give the next message of a call, None while there is none; gives the peer room for more."""
        message = call.take()
        self._credit(call)
        return message

    def cancel(self, call: Call, error: StrataError) -> None:
        """End a call from our side; ``error`` is what its reader will see."""
        if not call.has_ended:
            call.end(error)
            self._forget(call, _CANCEL)

    def lose(self, error: StrataError) -> None:
        """End all calls, and refuse others: the connection is gone."""
        self._closing = error
        for call in self._calls.values():
            call.end(error)
        self._calls.clear()

    def output(self) -> bytes:
        """Bytes to write now, as many messages as the peer's windows allow among them."""
        for call in self._calls.values():
            self._flush(call)
        written = b"".join(self._output)
        self._output.clear()
        return written

    # ---------------------------------------------------------------------------------------------- what the peer does

    def receive(self, data: bytes) -> None:
        """Take bytes as they came from the peer; none at all mean that it closed the connection."""
        if not data:
            self.lose(self._closing or Unavailable("the gateway closed the connection", reason="CONNECTION_CLOSED"))
            return
        try:
            for frame in self._reader.feed(data):
                self._receive_frame(frame)
        except StrataError as error:
            self.lose(error)
            raise

    def _receive_frame(self, frame: Frame) -> None:
        if self._block is not None and frame.kind != frames.CONTINUATION:
            refuse("another frame in the middle of a header block")
        receiver = _RECEIVERS.get(frame.kind)
        if receiver is not None:
            receiver(self, frame)

    def _receive_data(self, frame: Frame) -> None:
        size = len(frame.payload)
        self._uncredited_bytes += size
        if self._uncredited_bytes >= _CONNECTION_WINDOW_BYTES // 4:
            self._send_credit(0, self._uncredited_bytes)
            self._uncredited_bytes = 0
        call = self._calls.get(frame.stream_id)
        if call is None:
            return
        try:
            call.receive_data(frames.content_of(frame), size, ends=bool(frame.flags & frames.END_STREAM))
        except StrataError as error:
            self.cancel(call, error)
        self._credit(call)
        self._settle(call)

    def _receive_headers(self, frame: Frame) -> None:
        self._block = frame, bytearray(frames.content_of(frame))
        self._end_block_if(frame)

    def _receive_continuation(self, frame: Frame) -> None:
        if self._block is None or self._block[0].stream_id != frame.stream_id:
            refuse("a continuation of no header block")
        self._block[1].extend(frame.payload)
        if len(self._block[1]) > MAX_HEADER_LIST_BYTES:
            refuse(f"more than {MAX_HEADER_LIST_BYTES} bytes of headers")
        self._end_block_if(frame)

    def _end_block_if(self, frame: Frame) -> None:
        """Hand the gathered header block to its call if ``frame`` was its last."""
        if self._block is None or not frame.flags & frames.END_HEADERS:
            return
        first, block = self._block
        self._block = None
        headers = decode_headers(bytes(block))
        if call := self._calls.get(first.stream_id):
            call.receive_headers(headers, ends=bool(first.flags & frames.END_STREAM))
            self._settle(call)

    def _receive_reset(self, frame: Frame) -> None:
        code = frames.decode_number(frame, 0xFFFFFFFF)
        if call := self._calls.pop(frame.stream_id, None):
            call.end(error_of(outcome_of_reset(code)))

    def _receive_settings(self, frame: Frame) -> None:
        if frame.flags & frames.ACK:
            return
        settings = frames.decode_settings(frame.payload)
        window = settings.get(_INITIAL_WINDOW_SIZE, self._peer[_INITIAL_WINDOW_SIZE])
        if window > _MAX_WINDOW_BYTES:
            refuse("an initial window that is too large")
        for call in self._calls.values():
            call.send_window += window - self._peer[_INITIAL_WINDOW_SIZE]
        self._peer.update(settings)
        self._send(frames.SETTINGS, frames.ACK, 0)

    def _receive_ping(self, frame: Frame) -> None:
        if not frame.flags & frames.ACK:
            self._send(frames.PING, frames.ACK, 0, frame.payload)

    def _receive_goaway(self, frame: Frame) -> None:
        """Start no more calls; those up to the last stream that the peer names go on to their ends."""
        last_stream_id = int.from_bytes(frame.payload[:4], "big") & 0x7FFFFFFF
        self._closing = Unavailable("the gateway is shutting down", reason="SHUTTING_DOWN")
        for stream_id in [stream_id for stream_id in self._calls if stream_id > last_stream_id]:
            self._calls.pop(stream_id).end(self._closing)

    def _receive_window_update(self, frame: Frame) -> None:
        increment = frames.decode_number(frame)
        if frame.stream_id == 0:
            self._send_window += increment
        elif call := self._calls.get(frame.stream_id):
            call.send_window += increment
        if self._send_window > _MAX_WINDOW_BYTES:
            refuse("a window that is too large")

    def _receive_push_promise(self, _frame: Frame) -> None:
        refuse("a pushed response, which was switched off")

    # --------------------------------------------------------------------------------------------------------- sending

    def _send(self, kind: int, flags: int, stream_id: int, payload: bytes = b"") -> None:
        self._output.append(frames.encode(kind, flags, stream_id, payload))

    def _send_credit(self, stream_id: int, size: int) -> None:
        self._send(frames.WINDOW_UPDATE, 0, stream_id, size.to_bytes(4, "big"))

    def _credit(self, call: Call) -> None:
        if credit := call.take_credit():
            self._send_credit(call.stream_id, credit)

    def _flush(self, call: Call) -> None:
        """Move what the windows allow from a call's outbox to the output."""
        largest = min(self._peer[_MAX_FRAME_SIZE], _MAX_SENT_PAYLOAD_BYTES)
        while call.outbox and (room := min(largest, call.send_window, self._send_window)) > 0:
            piece = call.next_piece(room)
            self._send_window -= len(piece)
            self._send(frames.DATA, self._end_flag(call), call.stream_id, piece)
        if not call.outbox and call.is_sending_finished and not call.is_end_sent:
            self._send(frames.DATA, self._end_flag(call), call.stream_id)

    def _end_flag(self, call: Call) -> int:
        """END_STREAM on a call's last frame."""
        call.is_end_sent = call.is_sending_finished and not call.outbox
        return frames.END_STREAM if call.is_end_sent else 0

    def _settle(self, call: Call) -> None:
        """Drop a call that has ended, with a reset if the peer might still wait for our half."""
        if call.has_ended and call.stream_id in self._calls:
            self._forget(call, _NO_ERROR)

    def _forget(self, call: Call, code: int) -> None:
        del self._calls[call.stream_id]
        if not (call.is_end_sent and code == _NO_ERROR):
            self._send(frames.RST_STREAM, 0, call.stream_id, code.to_bytes(4, "big"))


_RECEIVERS = {
    frames.DATA: Connection._receive_data,  # noqa: SLF001
    frames.HEADERS: Connection._receive_headers,  # noqa: SLF001
    frames.RST_STREAM: Connection._receive_reset,  # noqa: SLF001
    frames.SETTINGS: Connection._receive_settings,  # noqa: SLF001
    frames.PUSH_PROMISE: Connection._receive_push_promise,  # noqa: SLF001
    frames.PING: Connection._receive_ping,  # noqa: SLF001
    frames.GOAWAY: Connection._receive_goaway,  # noqa: SLF001
    frames.WINDOW_UPDATE: Connection._receive_window_update,  # noqa: SLF001
    frames.CONTINUATION: Connection._receive_continuation,  # noqa: SLF001
}
