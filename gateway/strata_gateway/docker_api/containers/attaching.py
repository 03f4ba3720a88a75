"""Attach to a container, and set the size of its terminal."""

import asyncio

from strata.runtime.v1 import container_pb2
from strata.runtime.v1 import runtime_pb2 as pb
from strata_gateway.docker_api.calls import attach_session
from strata_gateway.docker_api.detach import parse_keys
from strata_gateway.docker_api.parameters import stream_type
from strata_gateway.docker_api.routes import Routes
from strata_gateway.docker_api.session import join
from strata_gateway.engine.engine import Engine
from strata_gateway.web.exchange import Exchange


async def attach(engine: Engine, exchange: Exchange) -> None:
    """POST /containers/{id}/attach: the connection becomes the container's streams."""
    request, container = exchange.request, exchange.parts["id"]
    keys = parse_keys(request.text("detachKeys"))
    streams = request.flag("stream")
    header = pb.AttachHeader(
        container=container,
        stdin=streams and request.flag("stdin"),
        stdout=request.flag("stdout"),
        stderr=request.flag("stderr"),
        logs=request.flag("logs"),
    )
    async with attach_session(engine.peers) as session:
        _, tty = await asyncio.gather(session.begin(header), _has_terminal(engine, container))
        raw = await exchange.hijack(stream_type(exchange, tty=tty))
        await join(session, raw, tty=tty, stdin=header.stdin, keys=keys)


async def _has_terminal(engine: Engine, container: str) -> bool:
    return (await get(engine, container)).spec.tty


async def get(engine: Engine, container: str) -> container_pb2.Container:
    """One container."""
    return (await engine.peers.runtime.GetContainer(pb.GetContainerRequest(container=container))).container


async def resize(engine: Engine, exchange: Exchange) -> None:
    """POST /containers/{id}/resize."""
    await engine.peers.runtime.ResizeTerminal(
        pb.ResizeTerminalRequest(container=exchange.parts["id"], size=size_of(exchange))
    )
    await exchange.reply_empty(200)


def size_of(exchange: Exchange) -> pb.TerminalSize:
    """Size of a terminal, from the parameters of a resize."""
    return pb.TerminalSize(width=exchange.request.number("w", 0), height=exchange.request.number("h", 0))


ROUTES: Routes = (
    ("POST", "/containers/{id}/attach", attach),
    ("POST", "/containers/{id}/resize", resize),
)
