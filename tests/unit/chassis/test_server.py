import asyncio
import logging
import stat

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2
from grpc_channelz.v1 import channelz_pb2, channelz_pb2_grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from strata_chassis import deadline, request_id
from strata_chassis.channel import connect
from strata_chassis.errors import (
    AlreadyExists,
    Cancelled,
    DeadlineExceeded,
    FailedPrecondition,
    Internal,
    InvalidArgument,
    NotFound,
    OutOfRange,
    ResourceExhausted,
    StrataError,
    Unavailable,
)
from strata_chassis.metrics import Metrics
from strata_chassis.server import Server, ServerConfig

SHAPES = ["unary_unary", "unary_stream", "stream_unary", "stream_stream"]


async def echo(request, context):
    return request


async def requests_of(*messages):
    for message in messages:
        yield message


async def outcome(call, channel, shape):
    """Make a call of any shape and return all of its answers."""
    started = call(channel, shape)(requests_of(b"a") if shape.startswith("stream") else b"a")
    return [answer async for answer in started] if shape.endswith("stream") else [await started]


def failing(shape, error):
    """Return a behaviour of a shape that fails after a first answer, if it has several."""

    async def unary(request, context):
        raise error

    async def stream(request, context):
        yield b"first"
        raise error

    return {shape: stream if shape.endswith("stream") else unary}


@pytest.mark.parametrize("shape", SHAPES)
async def test_an_error_reaches_the_caller_as_it_was_raised(serve, call, shape):
    error = AlreadyExists("there is one", reason="NAME_TAKEN", metadata={"name": "db"})
    async with serve(**failing(shape, error)) as (_, channel):
        with pytest.raises(AlreadyExists) as caught:
            await outcome(call, channel, shape)
    assert (caught.value.message, caught.value.reason) == ("there is one", "NAME_TAKEN")
    assert caught.value.metadata == {"name": "db"}


@pytest.mark.parametrize("shape", SHAPES)
async def test_a_bug_is_internal_and_only_the_log_knows_its_words(serve, call, shape, caplog):
    with caplog.at_level(logging.ERROR):
        async with serve(**failing(shape, KeyError("secret"))) as (_, channel):
            with pytest.raises(Internal) as caught:
                await outcome(call, channel, shape)
    assert "secret" not in caught.value.message
    assert "KeyError: 'secret'" in caplog.text


async def test_a_full_disk_is_told_as_such(serve, call):
    async with serve(**failing("unary_unary", OSError(28, "No space left"))) as (_, channel):
        with pytest.raises(ResourceExhausted) as caught:
            await call(channel, "unary_unary")(b"")
    assert caught.value.reason == "DISK_FULL"


async def test_clients_in_other_languages_find_status_details(serve, call, tmp_path):
    plain = grpc.aio.insecure_channel(f"unix:{tmp_path}/probe.sock")
    async with serve(**failing("unary_unary", NotFound("no", reason="GONE"))), plain:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call(plain, "unary_unary")(b"")
    details = dict(caught.value.trailing_metadata())["grpc-status-details-bin"]
    info = error_details_pb2.ErrorInfo()
    assert status_pb2.Status.FromString(details).details[0].Unpack(info)
    assert (info.reason, info.domain) == ("GONE", "strata.dev")


async def test_a_long_and_strange_message_arrives(serve, call):
    async with serve(**failing("unary_unary", NotFound("ü\udcff" * 3000))) as (_, channel):
        with pytest.raises(NotFound) as caught:
            await call(channel, "unary_unary")(b"")
    assert caught.value.message.startswith("ü")


async def test_every_shape_answers(serve, call):
    async def stream(request, context):
        yield b"1"
        yield b"2"

    async def both(requests, context):
        async for request in requests:
            yield request

    async def collect(requests, context):
        return b"".join([request async for request in requests])

    behaviours = {"unary_unary": echo, "unary_stream": stream, "stream_unary": collect, "stream_stream": both}
    async with serve(**behaviours) as (_, channel):
        assert await outcome(call, channel, "unary_unary") == [b"a"]
        assert await outcome(call, channel, "unary_stream") == [b"1", b"2"]
        assert await outcome(call, channel, "stream_unary") == [b"a"]
        assert await outcome(call, channel, "stream_stream") == [b"a"]


async def test_a_dialogue_is_read_and_written_message_by_message(serve, call):
    async def both(requests, context):
        async for request in requests:
            yield request.upper()
        raise OutOfRange("that was all")

    async with serve(stream_stream=both) as (_, channel):
        dialogue = call(channel, "stream_stream")()
        await dialogue.write(b"one")
        assert await dialogue.read() == b"ONE"
        await dialogue.done_writing()
        with pytest.raises(OutOfRange):
            await dialogue.read()


async def test_a_request_id_travels_with_calls_and_is_made_if_there_is_none(serve, call):
    async def tell(request, context):
        return request_id.current().encode()

    async with serve(unary_unary=tell) as (_, channel):
        with request_id.bound("req-7"):
            assert await call(channel, "unary_unary")(b"") == b"req-7"
        assert len(await call(channel, "unary_unary")(b"")) == 16


async def test_a_deadline_travels_with_calls(serve, call):
    async def tell(request, context):
        return str(deadline.remaining_s()).encode()

    async with serve(unary_unary=tell) as (_, channel):
        assert await call(channel, "unary_unary")(b"") == b"None"
        assert 0 < float(await call(channel, "unary_unary")(b"", timeout=500)) < 502
        with deadline.bound(100):
            assert 0 < float(await call(channel, "unary_unary")(b"", timeout=500)) < 102
            with deadline.bound(None):
                assert await call(channel, "unary_unary")(b"") == b"None"


async def test_a_call_ends_at_its_deadline_on_both_sides(serve, call):
    ended = asyncio.Event()

    async def never(request, context):
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with serve(unary_unary=never) as (_, channel):
        with pytest.raises(DeadlineExceeded):
            await call(channel, "unary_unary")(b"", timeout=0.05)
        await ended.wait()


@pytest.mark.parametrize("shape", ["unary_unary", "unary_stream"])
async def test_work_stops_when_its_caller_is_gone(serve, call, shape):
    begun, ended = asyncio.Event(), asyncio.Event()

    async def work():
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async def unary(request, context):
        await work()

    async def stream(request, context):
        yield b"first"
        await work()

    async with serve(**{shape: stream if shape == "unary_stream" else unary}) as (_, channel):
        started = call(channel, shape)(b"")
        if shape == "unary_stream":
            assert await started.read() == b"first"
        await begun.wait()
        started.cancel()
        await ended.wait()


async def test_a_generator_is_closed_when_nobody_reads_it_any_more(serve, call):
    closed = asyncio.Event()

    async def endless(request, context):
        try:
            while True:
                yield b"x" * 100_000
        finally:
            closed.set()

    async with serve(unary_stream=endless) as (_, channel):
        async for _ in call(channel, "unary_stream")(b""):
            break
        await closed.wait()


async def test_a_cancelled_task_cancels_its_call(serve, call):
    begun, ended = asyncio.Event(), asyncio.Event()

    async def never(request, context):
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with serve(unary_unary=never) as (_, channel):
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(_awaited(call(channel, "unary_unary")(b"")))
            await begun.wait()
            task.cancel()
        await ended.wait()


async def _awaited(call):
    return await call


async def test_a_call_aborted_by_a_servicer_itself_is_logged_by_its_code(serve, call, caplog):
    async def abort(request, context):
        await context.abort(grpc.StatusCode.OUT_OF_RANGE, "beyond the end")

    with caplog.at_level(logging.INFO, "strata.access"):
        async with serve(unary_unary=abort) as (_, channel):
            with pytest.raises(OutOfRange, match="beyond the end"):
                await call(channel, "unary_unary")(b"")
    assert [entry.strata_fields["code"] for entry in caplog.records] == ["OUT_OF_RANGE"]


async def test_calls_are_measured_by_method_and_code(serve, call):
    async with serve(**failing("unary_unary", NotFound("no"))) as (server, channel):
        with pytest.raises(NotFound):
            await call(channel, "unary_unary")(b"")
    counted = 'strata_probe_rpc_duration_seconds_count{code="NOT_FOUND",method="/test.v1.ProbeService/unary_unary"} 1.0'
    assert counted in server.metrics.render().decode()


async def test_a_message_of_more_than_4_mib_passes(serve, call):
    async with serve(unary_unary=echo) as (_, channel):
        assert len(await call(channel, "unary_unary")(bytes(8 << 20))) == 8 << 20


async def test_a_message_of_more_than_16_mib_is_refused(serve, call):
    async with serve(unary_unary=echo) as (_, channel):
        with pytest.raises(ResourceExhausted):
            await call(channel, "unary_unary")(bytes(17 << 20))


async def test_an_unknown_method_is_unimplemented(serve, call):
    async with serve(unary_unary=echo) as (_, channel):
        with pytest.raises(StrataError) as caught:
            await call(channel, "unary_stream")(b"").read()
    assert caught.value.reason == "UNIMPLEMENTED"


async def test_a_peer_that_is_not_there_is_unavailable(tmp_path, call):
    async with connect(f"unix://{tmp_path}/nobody.sock", patience_s=0) as channel:
        with pytest.raises(Unavailable, match="the nobody service does not answer") as caught:
            await call(channel, "unary_unary")(b"")
    assert caught.value.reason == "SERVICE_UNREACHABLE"


async def test_health_is_told_per_service_and_ends_with_the_drain(serve, call):
    async with serve(unary_unary=echo, grace_s=60) as (server, channel):
        health = health_pb2_grpc.HealthStub(channel)
        for service in ("", "test.v1.ProbeService"):
            answer = await health.Check(health_pb2.HealthCheckRequest(service=service))
            assert answer.status == health_pb2.HealthCheckResponse.SERVING
        watch = health.Watch(health_pb2.HealthCheckRequest(service=""))
        assert (await watch.read()).status == health_pb2.HealthCheckResponse.SERVING
        server.stop()
        assert (await watch.read()).status == health_pb2.HealthCheckResponse.NOT_SERVING
        watch.cancel()


async def test_reflection_lists_our_services(serve):
    async with serve(unary_unary=echo) as (_, channel):
        stub = reflection_pb2_grpc.ServerReflectionStub(channel)
        asked = requests_of(reflection_pb2.ServerReflectionRequest(list_services=""))
        answers = [answer async for answer in stub.ServerReflectionInfo(asked)]
    names = {service.name for service in answers[0].list_services_response.service}
    assert {"test.v1.ProbeService", "grpc.health.v1.Health"} <= names


async def test_channelz_tells_about_the_server(serve):
    async with serve(unary_unary=echo) as (_, channel):
        answer = await channelz_pb2_grpc.ChannelzStub(channel).GetServers(channelz_pb2.GetServersRequest())
    assert answer.server


async def test_a_running_call_is_finished_and_new_ones_are_refused_in_a_drain(serve, call):
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def wait(request, context):
        begun.set()
        await go_on.wait()
        return b"done"

    async with serve(unary_unary=wait, grace_s=60) as (server, channel):
        running = call(channel, "unary_unary")(b"")
        async with asyncio.TaskGroup() as tasks:
            answer = tasks.create_task(_awaited(running))
            await begun.wait()
            server.stop()
            go_on.set()
        assert answer.result() == b"done"


async def test_a_second_signal_ends_a_drain_at_once(serve, call):
    begun = asyncio.Event()

    async def never(request, context):
        begun.set()
        await asyncio.Event().wait()

    async with serve(unary_unary=never, grace_s=3600) as (server, channel):
        running = call(channel, "unary_unary")(b"")
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_fails(running))
            await begun.wait()
            server.stop()
            server.stop()


async def _fails(call):
    with pytest.raises((Unavailable, Cancelled)):
        await call


async def test_a_socket_is_for_its_owner_and_group(serve, tmp_path):
    async with serve(unary_unary=echo):
        assert stat.S_IMODE((tmp_path / "probe.sock").stat().st_mode) == 0o660


async def test_two_servers_never_share_a_socket(serve, call, tmp_path):
    async with serve(unary_unary=echo) as (_, channel):
        second = Server(ServerConfig(listen=(f"unix://{tmp_path}/probe.sock",)), Metrics("probe"))
        with pytest.raises(FailedPrecondition) as caught:
            second.bind()
        await second.close()
        assert await call(channel, "unary_unary")(b"x") == b"x"
    assert caught.value.reason == "ALREADY_RUNNING"


async def test_tcp_without_tls_is_refused(tmp_path):
    server = Server(ServerConfig(listen=("tcp://127.0.0.1:0",)), Metrics("probe"))
    with pytest.raises(InvalidArgument) as caught:
        server.bind()
    await server.close()
    assert caught.value.reason == "TLS_REQUIRED"
    with pytest.raises(InvalidArgument):
        connect("tcp://127.0.0.1:1")
