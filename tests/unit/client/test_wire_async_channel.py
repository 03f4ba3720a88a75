"""The asynchronous shell over the same protocol, against the official server."""

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest
from google.protobuf.wrappers_pb2 import BytesValue, Int64Value

from strata_chassis import errors
from strata_client.wire.async_channel import AsyncChannel
from strata_client.wire.endpoint import Endpoint

if TYPE_CHECKING:
    from conftest import Peer, ServerThread

MIB = 1024 * 1024
PATH = "/test.PeerService/"


def of(value: bytes) -> BytesValue:
    return BytesValue(value=value)


@pytest.fixture
async def channel(endpoint: Endpoint) -> AsyncIterator[AsyncChannel]:
    async with await AsyncChannel.open(endpoint) as opened:
        yield opened


@pytest.mark.parametrize("size", [0, 65_536, 15 * MIB])
async def test_a_message_of_any_size_comes_back(channel: AsyncChannel, size: int) -> None:
    assert (await channel.unary(PATH + "Echo", of(bytes(size)), BytesValue)).value == bytes(size)


async def test_many_calls_share_a_connection(channel: AsyncChannel) -> None:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(channel.unary(PATH + "Echo", of(b"%d" % n), BytesValue)) for n in range(100)]
    assert [task.result().value for task in tasks] == [b"%d" % n for n in range(100)]


async def test_a_slow_reader_slows_the_server_down(channel: AsyncChannel, peer: "Peer") -> None:
    stream = channel.stream(PATH + "Flood", of(b"64"), BytesValue)
    await stream.receive()
    await asyncio.sleep(0.3)
    assert peer.sent_messages < 20
    assert sum([len(message.value) async for message in stream]) == 63 * MIB


async def test_requests_and_responses_take_turns(channel: AsyncChannel) -> None:
    async with channel.start(PATH + "Converse", BytesValue) as stream:
        for word in (b"one", b"two"):
            await stream.send(of(word))
            assert await stream.receive() == of(word[::-1])
        stream.finish_sending()
        assert [message.value async for message in stream] == [b"bye"]


async def test_a_stream_of_requests_waits_for_room(channel: AsyncChannel) -> None:
    async with channel.start(PATH + "Sum", Int64Value) as stream:
        for _ in range(40):
            await stream.send(of(bytes(MIB)))
        stream.finish_sending()
        assert [message.value async for message in stream] == [40 * MIB]


async def test_an_error_keeps_its_reason(channel: AsyncChannel) -> None:
    with pytest.raises(errors.NotFound) as caught:
        await channel.unary(PATH + "Fail", of(b""), BytesValue)
    assert caught.value.reason == "IMAGE_UNKNOWN"


async def test_a_call_over_its_deadline_fails_and_stops_the_work(channel: AsyncChannel, peer: "Peer") -> None:
    with pytest.raises(errors.DeadlineExceeded):
        await channel.unary(PATH + "Hang", of(b""), BytesValue, timeout_s=0.2)
    assert await asyncio.to_thread(peer.cancelled.wait, 5)


async def test_a_cancelled_task_stops_the_work(channel: AsyncChannel, peer: "Peer") -> None:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(channel.unary(PATH + "Hang", of(b""), BytesValue))
        assert await asyncio.to_thread(peer.started.wait, 5)
        task.cancel()
    assert await asyncio.to_thread(peer.cancelled.wait, 5)


async def test_a_server_that_dies_makes_calls_unavailable(channel: AsyncChannel, server: "ServerThread") -> None:
    stream = channel.stream(PATH + "AnswerAndHang", of(b""), BytesValue)
    await stream.receive()
    server.stop_later(0)
    with pytest.raises((errors.Unavailable, errors.Cancelled)):
        await stream.receive()


async def test_nobody_listening_is_said_in_one_sentence() -> None:
    with pytest.raises(errors.Unavailable, match="is the suite running"):
        await AsyncChannel.open(Endpoint(path="/nonexistent/gateway.sock"))
