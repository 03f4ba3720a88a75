"""Join a hijacked connection and a session of the engine: input one way, output and the end the other way."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Protocol

from strata.runtime.v1 import runtime_pb2 as pb
from strata_chassis.errors import StrataError
from strata_gateway.docker_api.detach import DetachScanner
from strata_gateway.docker_api.frames import Stream, frame
from strata_gateway.web.exchange import Raw

Send = Callable[[pb.StreamInput], Awaitable[None]]


class Session(Protocol):
    """The engine's side of a session that has begun."""

    def outputs(self) -> AsyncIterator[pb.StreamOutput]:
        """What comes out, the exit status last."""
        ...

    async def send(self, data: pb.StreamInput) -> None:
        """Put something in."""
        ...


class _Left(Exception):
    """The user has left the session by the detach keys, or by hanging up."""


async def join(session: Session, raw: Raw, *, tty: bool, stdin: bool, keys: bytes) -> None:
    """Pass bytes both ways until the session ends or the user leaves."""
    try:
        async with asyncio.TaskGroup() as group:
            pump = group.create_task(_input(session, raw, DetachScanner(keys) if tty else None, stdin=stdin))
            await _output(session, raw, tty=tty)
            pump.cancel()
    except* _Left:
        pass


async def _input(session: Session, raw: Raw, scanner: DetachScanner | None, *, stdin: bool) -> None:
    while data := await raw.read():
        passed = scanner.feed(data) if scanner else data
        if passed and stdin:
            await session.send(pb.StreamInput(stdin=passed))
        if scanner and scanner.detached:
            raise _Left
    if stdin and scanner is None:
        await session.send(pb.StreamInput(close_stdin=True))
    await raw.hung_up()
    raise _Left


async def _output(session: Session, raw: Raw, *, tty: bool) -> None:
    try:
        async for output in session.outputs():
            match output.WhichOneof("output"):
                case "stdout":
                    await raw.write(output.stdout if tty else frame(Stream.STDOUT, output.stdout))
                case "stderr":
                    await raw.write(output.stderr if tty else frame(Stream.STDERR, output.stderr))
                case "exit":
                    return
    except StrataError as error:
        text = error.message.encode()
        await raw.write(text if tty else frame(Stream.SYSTEM_ERROR, text))
    except ConnectionError:
        raise _Left from None
