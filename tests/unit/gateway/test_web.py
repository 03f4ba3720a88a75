"""HTTP of the gateway's fronts."""

import asyncio

import pytest

from strata_gateway.web.routing import PathUnknown, Route, Router
from strata_gateway.web.server import WebServer


@pytest.fixture
async def served(tmp_path):
    """A server whose handlers are found by path, and a way to connect to it."""
    handlers = {}

    async def answer(exchange):
        await handlers[exchange.request.path](exchange)

    async with WebServer(answer).listening_on_unix(tmp_path / "web.sock"):
        writers = []

        async def connect():
            reader, writer = await asyncio.open_unix_connection(tmp_path / "web.sock")
            writers.append(writer)
            return reader, writer

        yield handlers, connect
        for writer in writers:
            writer.close()


async def test_requests_on_one_connection_are_answered_in_order(served):
    handlers, connect = served

    async def echo(exchange):
        await exchange.reply({"body": (await exchange.request.content()).decode()})

    handlers["/echo"] = echo
    reader, writer = await connect()
    for text in (b"one", b"three"):
        writer.write(b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (len(text), text))
        assert (await reader.readuntil(b"}\n")).endswith(b'{"body":"%s"}\n' % text)


async def test_a_body_that_nobody_read_does_not_spoil_the_next_request(served):
    handlers, connect = served

    async def deaf(exchange):
        await exchange.reply_empty()

    handlers["/deaf"] = deaf
    reader, writer = await connect()
    for _ in range(2):
        writer.write(b"POST /deaf HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc")
        assert b"204 No Content" in await reader.readuntil(b"\r\n\r\n")


async def test_a_stream_is_sent_as_it_goes(served):
    handlers, connect = served
    go_on = asyncio.Event()

    async def stream(exchange):
        await exchange.begin()
        await exchange.send_json({"n": 1})
        await go_on.wait()
        await exchange.send_json({"n": 2})
        await exchange.end()

    handlers["/stream"] = stream
    reader, writer = await connect()
    writer.write(b"GET /stream HTTP/1.1\r\nHost: x\r\n\r\n")
    await reader.readuntil(b'{"n":1}\r\n')
    go_on.set()
    assert b'{"n":2}' in await reader.readuntil(b"0\r\n\r\n")


async def test_a_client_that_goes_cancels_its_request(served):
    handlers, connect = served
    began, cancelled = asyncio.Event(), asyncio.Event()

    async def wait(exchange):
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    handlers["/wait"] = wait
    _, writer = await connect()
    writer.write(b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n")
    await began.wait()
    writer.close()
    await asyncio.wait_for(cancelled.wait(), 10)


@pytest.mark.parametrize(
    ("headers", "status"), [(b"Connection: Upgrade\r\nUpgrade: tcp\r\n", b"101 UPGRADED"), (b"", b"200 OK")]
)
async def test_a_hijacked_connection_carries_bytes_and_closes_by_halves(served, headers, status):
    handlers, connect = served

    async def shout(exchange):
        raw = await exchange.hijack("application/x")
        everything = b""
        while data := await raw.read():
            everything += data
        await raw.write(everything.upper())

    handlers["/shout"] = shout
    reader, writer = await connect()
    writer.write(b"POST /shout HTTP/1.1\r\nHost: x\r\n" + headers + b"\r\nearly ")
    assert status in await reader.readuntil(b"\r\n\r\n")
    writer.write(b"late")
    writer.write_eof()
    assert await reader.read() == b"EARLY LATE"


async def test_hanging_up_is_told_from_having_nothing_more_to_say(served):
    handlers, connect = served
    half_closed, hung_up = asyncio.Event(), asyncio.Event()

    async def listen(exchange):
        raw = await exchange.hijack("application/x")
        assert await raw.read() == b""
        half_closed.set()
        await raw.hung_up()
        hung_up.set()

    handlers["/listen"] = listen
    _, writer = await connect()
    writer.write(b"POST /listen HTTP/1.1\r\nHost: x\r\n\r\n")
    writer.write_eof()
    await half_closed.wait()
    assert not hung_up.is_set()
    writer.close()
    await asyncio.wait_for(hung_up.wait(), 10)


@pytest.mark.parametrize("garbage", [b"\x00\x01\x02\r\n\r\n", b"GET / FTP/1.0\r\n\r\n", b"x" * (1 << 17)])
async def test_a_client_that_breaks_the_protocol_is_cut_off(served, garbage):
    _, connect = served
    reader, writer = await connect()
    writer.write(garbage)
    writer.write_eof()
    assert await reader.read() == b""


def test_routes_match_whole_segments():
    async def one(exchange):
        raise AssertionError

    async def many(exchange):
        raise AssertionError

    router = Router([Route("GET", "/images/{name*}/json", many), Route("GET", "/containers/{id}/json", one)])
    assert router.find("GET", "/images/a/b:c/json") == (many, {"name": "a/b:c"})
    assert router.find("HEAD", "/containers/x/json") == (one, {"id": "x"})
    for method, path in (("POST", "/containers/x/json"), ("GET", "/containers/a/b/json"), ("GET", "/containers//json")):
        with pytest.raises(PathUnknown):
            router.find(method, path)
