"""The protocol without a socket: framing, headers, and peers that break the rules."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strata_chassis import errors
from strata_client.wire import frames
from strata_client.wire.connection import Connection
from strata_client.wire.endpoint import Endpoint, parse_endpoint
from strata_client.wire.frames import FrameReader
from strata_client.wire.framing import MessageReader, frame
from strata_client.wire.hpack import encode_headers
from strata_client.wire.metadata import decode_binary, decode_message, encode_timeout, request_headers
from strata_client.wire.outcome import Outcome, error_of, outcome_of_headers

RESPONSE = [(":status", "200"), ("content-type", "application/grpc")]


def headers_frame(headers: list[tuple[str, str]], flags: int = frames.END_HEADERS) -> bytes:
    return frames.encode(frames.HEADERS, flags, 1, encode_headers(headers))


@given(st.lists(st.binary(max_size=200)), st.integers(1, 50))
def test_messages_survive_any_cut(messages: list[bytes], step: int) -> None:
    stream = b"".join(map(frame, messages))
    reader = MessageReader()
    read = [message for at in range(0, len(stream), step) for message in reader.feed(stream[at : at + step])]
    assert read == messages
    assert reader.is_between_messages


@given(st.lists(st.tuples(st.integers(0, 9), st.binary(max_size=100))), st.integers(1, 50))
def test_frames_survive_any_cut(wanted: list[tuple[int, bytes]], step: int) -> None:
    stream = b"".join(frames.encode(kind, 0, 7, payload) for kind, payload in wanted)
    reader = FrameReader()
    read = [one for at in range(0, len(stream), step) for one in reader.feed(stream[at : at + step])]
    assert [(one.kind, one.payload) for one in read] == wanted


@pytest.mark.parametrize(
    ("seconds", "value"),
    [(0.05, "50000000n"), (5, "5000000u"), (200, "200000m"), (10**6, "1000000S"), (10**9, "277777H"), (-1, "1n")],
)
def test_timeouts_use_the_finest_unit_that_fits(seconds: float, value: str) -> None:
    assert encode_timeout(seconds) == value


@pytest.mark.parametrize(
    ("raw", "message"), [("plain", "plain"), ("a%20b%25", "a b%"), ("%C3%B6", "ö"), ("50% off%z", "50% off%z")]
)
def test_messages_are_percent_decoded(raw: str, message: str) -> None:
    assert decode_message(raw) == message


@pytest.mark.parametrize(("raw", "value"), [("aGk", b"hi"), ("aGk=", b"hi"), ("!", b""), ("", b"")])
def test_binary_headers_need_no_padding(raw: str, value: bytes) -> None:
    assert decode_binary(raw) == value


@pytest.mark.parametrize("value", ["two\r\nlines", "ümlaut", "\x00"])
def test_metadata_cannot_smuggle_headers(value: str) -> None:
    with pytest.raises(errors.InvalidArgument):
        request_headers("http", "localhost", "/a/b", [("x-note", value)], None)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("401", errors.Unauthenticated),
        ("404", errors.Unimplemented),
        ("503", errors.Unavailable),
        ("302", errors.Internal),
    ],
)
def test_a_peer_that_is_no_grpc_server_is_named_as_such(status: str, kind: type[errors.StrataError]) -> None:
    outcome = outcome_of_headers({":status": status, "content-type": "text/html"})
    assert outcome is not None
    assert type(error_of(outcome)) is kind
    assert "no gRPC server" in outcome.message


def test_rubbish_in_details_still_gives_the_error() -> None:
    assert error_of(Outcome(5, "gone", b"\xff\xff\xff")).message == "gone"


def test_messages_larger_than_the_window_are_credited_while_they_arrive() -> None:
    connection = Connection()
    call = connection.start("/a/B", [])
    connection.receive(headers_frame(RESPONSE))
    connection.output()
    content = frame(bytes(10 * 1024 * 1024))
    for at in range(0, len(content), 2**19):
        connection.receive(frames.encode(frames.DATA, 0, 1, content[at : at + 2**19]))
    assert connection.take(call) == bytes(10 * 1024 * 1024)


def test_a_peer_that_ignores_its_window_ends_the_call() -> None:
    connection = Connection()
    call = connection.start("/a/B", [])
    connection.receive(headers_frame(RESPONSE))
    for _ in range(9):
        connection.receive(frames.encode(frames.DATA, 0, 1, frame(bytes(2**19))))
    assert call.error is not None
    assert call.error.reason == "FLOW_CONTROL_ERROR"


def test_a_header_block_may_be_cut_into_continuations() -> None:
    connection = Connection()
    call = connection.start("/a/B", [])
    block = encode_headers([*RESPONSE, ("grpc-status", "0")])
    connection.receive(frames.encode(frames.HEADERS, frames.END_STREAM, 1, block[:5]))
    connection.receive(frames.encode(frames.CONTINUATION, frames.END_HEADERS, 1, block[5:]))
    assert (call.has_ended, call.error) == (True, None)


def test_padding_and_priority_are_skipped() -> None:
    connection = Connection()
    call = connection.start("/a/B", [])
    flags = frames.END_HEADERS | frames.PADDED | frames.WITH_PRIORITY
    payload = b"\x03" + bytes(5) + encode_headers(RESPONSE) + bytes(3)
    connection.receive(frames.encode(frames.HEADERS, flags, 1, payload))
    connection.receive(frames.encode(frames.DATA, frames.PADDED, 1, b"\x02" + frame(b"hi") + bytes(2)))
    assert connection.take(call) == b"hi"


def test_a_ping_is_answered_with_its_own_bytes() -> None:
    connection = Connection()
    connection.output()
    connection.receive(frames.encode(frames.PING, 0, 0, b"12345678"))
    assert connection.output() == frames.encode(frames.PING, frames.ACK, 0, b"12345678")


def test_nothing_is_sent_beyond_the_peers_window() -> None:
    connection = Connection()
    call = connection.start("/a/B", [])
    connection.output()
    connection.send(call, bytes(100_000))
    assert sum(len(one.payload) for one in FrameReader().feed(connection.output())) == 65_535
    connection.receive(frames.encode(frames.WINDOW_UPDATE, 0, 1, (10).to_bytes(4, "big")))
    assert connection.output() == b""
    connection.receive(frames.encode(frames.WINDOW_UPDATE, 0, 0, (10).to_bytes(4, "big")))
    assert [len(one.payload) for one in FrameReader().feed(connection.output())] == [10]


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        frames.encode(frames.PUSH_PROMISE, 0, 1, bytes(4)),
        frames.encode(frames.CONTINUATION, 0, 1, b""),
        frames.encode(frames.HEADERS, 0, 1, b"") + frames.encode(frames.PING, 0, 0, bytes(8)),
        frames.encode(frames.SETTINGS, 0, 0, b"12345"),
        frames.encode(frames.WINDOW_UPDATE, 0, 0, b"\x7f\xff\xff\xff"),
        frames.encode(frames.RST_STREAM, 0, 1, b""),
        frames.encode(frames.HEADERS, frames.PADDED | frames.END_HEADERS, 1, b"\xff"),
    ],
)
def test_a_peer_that_breaks_the_protocol_ends_every_call(data: bytes) -> None:
    connection = Connection()
    call = connection.start("/a/B", [])
    with pytest.raises(errors.Internal, match="broke the HTTP/2 protocol"):
        connection.receive(data)
    assert call.has_ended
    with pytest.raises(errors.Internal):
        connection.start("/a/B", [])


@given(st.binary(max_size=300))
def test_rubbish_never_escapes_as_another_exception(data: bytes) -> None:
    connection = Connection()
    connection.start("/a/B", [])
    try:
        connection.receive(data)
    except errors.StrataError:
        return


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("unix:///run/x.sock", Endpoint(path="/run/x.sock")),
        ("unix:/run/x.sock", Endpoint(path="/run/x.sock")),
        ("/run/x.sock", Endpoint(path="/run/x.sock")),
        ("tcp://node:7000", Endpoint(name="node", port=7000)),
        ("tcp://[::1]:7000", Endpoint(name="::1", port=7000)),
    ],
)
def test_endpoints_are_read(text: str, endpoint: Endpoint) -> None:
    assert parse_endpoint(text) == endpoint


@pytest.mark.parametrize("text", ["", "node", "tcp://node", "tcp://:1", "tcp://node:99999", "http://x:1", "unix://rel"])
def test_endpoints_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(errors.InvalidArgument, match="no address of a gateway"):
        parse_endpoint(text)
