"""Our gRPC client against the official server: every kind of call, and every way that one can end."""

import threading
import time
from typing import TYPE_CHECKING

import pytest
from google.protobuf.wrappers_pb2 import BytesValue, Int64Value

from strata_chassis import errors
from strata_client.wire.channel import Channel
from strata_client.wire.endpoint import Endpoint

if TYPE_CHECKING:
    from conftest import Peer, ServerThread

MIB = 1024 * 1024
PATH = "/test.PeerService/"


def of(value: bytes) -> BytesValue:
    return BytesValue(value=value)


@pytest.mark.parametrize("size", [0, 1, 16_384, 65_536, 5 * MIB, 15 * MIB])
def test_a_message_of_any_size_comes_back_as_it_was(channel: Channel, size: int) -> None:
    content = (b"strata" * (size // 6 + 1))[:size]
    assert channel.unary(PATH + "Echo", of(content), BytesValue).value == content


def test_a_message_over_the_limit_is_refused(channel: Channel) -> None:
    with pytest.raises(errors.ResourceExhausted, match="the most is"):
        channel.unary(PATH + "Echo", of(bytes(17 * MIB)), BytesValue)


def test_a_channel_carries_many_calls_one_after_another(channel: Channel) -> None:
    values = [channel.unary(PATH + "Echo", of(b"%d" % n), BytesValue).value for n in range(300)]
    assert values == [b"%d" % n for n in range(300)]


def test_a_server_stream_is_read_to_its_end(channel: Channel) -> None:
    stream = channel.stream(PATH + "Count", of(b"1000"), BytesValue)
    assert [int(message.value) for message in stream] == list(range(1000))


def test_a_slow_reader_slows_the_server_down(channel: Channel, peer: "Peer") -> None:
    stream = channel.stream(PATH + "Flood", of(b"64"), BytesValue)
    for _ in range(20):
        channel.serve(0.02)
    sent_unread = peer.sent_messages
    assert sent_unread < 20
    assert sum(len(message.value) for message in stream) == 64 * MIB


def test_other_calls_go_on_while_one_is_not_read(channel: Channel) -> None:
    with channel.stream(PATH + "Flood", of(b"64"), BytesValue):
        for _ in range(20):
            channel.serve(0.01)
        assert channel.unary(PATH + "Echo", of(bytes(2 * MIB)), BytesValue).value == bytes(2 * MIB)


def test_requests_and_responses_take_turns(channel: Channel) -> None:
    with channel.start(PATH + "Converse", BytesValue) as stream:
        for word in (b"one", b"two", b"three" * MIB):
            stream.send(of(word))
            response = stream.receive()
            assert response is not None
            assert response.value == word[::-1]
        stream.finish_sending()
        assert [message.value for message in stream] == [b"bye"]


def test_a_stream_of_requests_gets_its_answer(channel: Channel) -> None:
    with channel.start(PATH + "Sum", Int64Value) as stream:
        for _ in range(40):
            stream.send(of(bytes(MIB)))
        stream.finish_sending()
        assert [message.value for message in stream] == [40 * MIB]
        assert stream.unsent_bytes == 0


def test_a_server_may_end_a_conversation_early(channel: Channel) -> None:
    with channel.start(PATH + "HangUp", BytesValue) as stream:
        assert [message.value for message in stream] == [b"bye"]
        stream.send(of(b"too late"))
    assert channel.unary(PATH + "Echo", of(b"still here"), BytesValue).value == b"still here"


def test_an_error_keeps_its_sentence_reason_and_metadata(channel: Channel) -> None:
    with pytest.raises(errors.NotFound) as caught:
        channel.unary(PATH + "Fail", of(b""), BytesValue)
    assert caught.value.message == "no such image: ghöst\n100%"
    assert caught.value.reason == "IMAGE_UNKNOWN"
    assert caught.value.metadata == {"image": "ghöst"}


def test_an_error_without_details_keeps_its_sentence(channel: Channel) -> None:
    with pytest.raises(errors.FailedPrecondition, match=r"^not now$"):
        channel.unary(PATH + "FailPlainly", of(b""), BytesValue)


def test_responses_before_an_error_are_read_first(channel: Channel) -> None:
    stream = channel.stream(PATH + "FailAfterTwo", of(b"x"), BytesValue)
    assert [stream.receive(), stream.receive()] == [of(b"x"), of(b"x")]
    with pytest.raises(errors.DataLoss, match="broken"):
        stream.receive()


def test_an_unknown_method_is_unimplemented(channel: Channel) -> None:
    with pytest.raises(errors.Unimplemented):
        channel.unary(PATH + "Nonsense", of(b""), BytesValue)


def test_a_deadline_reaches_the_server(channel: Channel) -> None:
    remaining = float(channel.unary(PATH + "TimeLeft", of(b""), BytesValue, timeout_s=5).value)
    assert 4 < remaining <= 5


def test_a_call_over_its_deadline_fails_and_stops_the_work(channel: Channel, peer: "Peer") -> None:
    started = time.monotonic()
    with pytest.raises(errors.DeadlineExceeded):
        channel.unary(PATH + "Hang", of(b""), BytesValue, timeout_s=0.2)
    assert time.monotonic() - started < 2
    assert peer.cancelled.wait(5)


def test_cancelling_stops_the_work_of_the_server(channel: Channel, peer: "Peer") -> None:
    stream = channel.stream(PATH + "Hang", of(b""), BytesValue)
    channel.write()
    assert peer.started.wait(5)
    stream.cancel()
    assert peer.cancelled.wait(5)
    with pytest.raises(errors.Cancelled):
        stream.receive()


def test_leaving_a_stream_early_cancels_it(channel: Channel, peer: "Peer") -> None:
    with channel.stream(PATH + "AnswerAndHang", of(b"x"), BytesValue) as stream:
        stream.receive()
    assert peer.cancelled.wait(5)


def test_every_call_of_a_channel_carries_its_request_id(endpoint: Endpoint, peer: "Peer") -> None:
    with Channel.open(endpoint) as channel:
        channel.unary(PATH + "Echo", of(b""), BytesValue)
    assert len(peer.metadata["x-request-id"]) == 16


def test_a_draining_server_lets_open_calls_end(channel: Channel, server: "ServerThread") -> None:
    with channel.start(PATH + "Converse", BytesValue) as stream:
        stream.send(of(b"before"))
        stream.receive()
        stopped = server.stop_later(10)
        channel.serve(0.3)
        stream.send(of(b"after"))
        response = stream.receive()
        assert response == of(b"retfa")
        with pytest.raises(errors.Unavailable):
            channel.unary(PATH + "Echo", of(b""), BytesValue)
        stream.finish_sending()
        assert [message.value for message in stream] == [b"bye"]
    stopped.result(10)


def test_a_server_that_dies_makes_calls_unavailable(channel: Channel, server: "ServerThread", peer: "Peer") -> None:
    stream = channel.stream(PATH + "Hang", of(b""), BytesValue)
    channel.write()
    assert peer.started.wait(5)
    threading.Thread(target=lambda: server.stop_later(0)).start()
    with pytest.raises((errors.Unavailable, errors.Cancelled)):
        stream.receive()


def test_nobody_listening_is_said_in_one_sentence() -> None:
    with pytest.raises(errors.Unavailable, match="is the suite running"):
        Channel.open(Endpoint(path="/nonexistent/gateway.sock"))
