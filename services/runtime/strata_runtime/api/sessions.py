"""Attach, Exec, and what belongs to them."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
from google.protobuf.message import Message

from strata.runtime.v1 import runtime_pb2 as pb
from strata_chassis.errors import FailedPrecondition, InvalidArgument
from strata_runtime.adapters.launcher_session import Ended, Output, Session
from strata_runtime.adapters.processes import send_signal
from strata_runtime.api.rpc import Context
from strata_runtime.api.translate import fill_message, to_value
from strata_runtime.core.container.record import State
from strata_runtime.core.exec_session import EXEC_TASK_PREFIX, ExecSession, ExecSpec
from strata_runtime.core.signals import parse_signal
from strata_runtime.engine import execs, sessions, stopping
from strata_runtime.engine.entry import Entry
from strata_runtime.engine.parts import Parts
from strata_runtime.engine.starting import Terminal


class SessionCalls:
    """Streams of containers and of further processes."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def Attach(self, requests: AsyncIterator[pb.AttachRequest], context: Context) -> None:
        """Connect to a container's streams."""
        header = await _header(requests)
        entry = self._parts.containers.find(header.container)
        wish = sessions.AttachWish(
            stdin=header.stdin,
            stdout=header.stdout,
            stderr=header.stderr,
            logs=header.logs,
            start=header.start,
            terminal=_terminal(header.terminal_size),
        )
        session = await sessions.attach(self._parts, entry, wish)
        started = pb.SessionStarted(container_id=entry.container.id, pid=entry.container.pid)
        await context.write(pb.AttachResponse(output=pb.StreamOutput(started=started)))

        async def signal(name: str) -> None:
            await stopping.kill(self._parts, entry, name)

        async def deliver() -> None:
            ended: Ended | None = None
            async for event in sessions.output_of(self._parts, entry.container, session, wish):
                if isinstance(event, Ended):
                    ended = event
                else:
                    await context.write(pb.AttachResponse(output=_output(event)))
            await context.write(pb.AttachResponse(output=await self._container_end(entry, ended)))

        await _converse(session, deliver(), sessions.feed(session, _inputs(requests), signal))

    async def CreateExec(self, request: pb.CreateExecRequest, _: Context) -> pb.CreateExecResponse:
        """Prepare a further process."""
        entry = self._parts.containers.find(request.container)
        session = execs.create_exec(self._parts, entry, to_value(ExecSpec, request.spec), request.request_id)
        return pb.CreateExecResponse(exec_id=session.id)

    async def Exec(self, requests: AsyncIterator[pb.ExecRequest], context: Context) -> None:
        """Run a further process and connect to its streams."""
        header = await _header(requests)
        prepared, entry = self._prepared(header)
        streams = await execs.start_exec(self._parts, entry, prepared, _terminal(header.terminal_size))
        started = pb.SessionStarted(container_id=entry.container.id, exec_id=prepared.id, pid=streams.pid)
        await context.write(pb.ExecResponse(output=pb.StreamOutput(started=started)))
        if header.detach:
            streams.close()
            return

        async def signal(name: str) -> None:
            send_signal(streams.pid, entry.container.id, parse_signal(name))

        async def deliver() -> None:
            async for event in streams.events():
                if isinstance(event, Output):
                    await context.write(pb.ExecResponse(output=_output(event)))
                elif isinstance(event, Ended):
                    execs.note_end(self._parts, entry, prepared.id, event.status)
                    end = pb.ExitStatus(exit_code=event.status, error=event.reason)
                    await context.write(pb.ExecResponse(output=pb.StreamOutput(exit=end)))

        await _converse(streams, deliver(), sessions.feed(streams, _inputs(requests), signal))

    async def GetExec(self, request: pb.GetExecRequest, _: Context) -> pb.GetExecResponse:
        """Return a session."""
        session = self._parts.execs.find(request.exec_id)
        response = pb.GetExecResponse(
            exec_id=session.id, container_id=session.container_id, running=session.is_running, pid=session.pid
        )
        fill_message(response.spec, session.spec)
        if session.exit_code is not None:
            response.exit_code = session.exit_code
        return response

    async def ResizeTerminal(self, request: pb.ResizeTerminalRequest, _: Context) -> pb.ResizeTerminalResponse:
        """Set the size of a terminal."""
        if request.exec_id:
            task, has_terminal = self._exec_terminal(request.exec_id)
        else:
            container = self._parts.containers.find(request.container).container
            if container.state not in (State.RUNNING, State.PAUSED):
                raise stopping.not_running(container)
            task, has_terminal = container.id, container.spec.tty
        if not has_terminal:
            raise FailedPrecondition("it has no terminal", reason="NO_TERMINAL")
        await self._parts.launcher.resize(task, request.size.width, request.size.height)
        return pb.ResizeTerminalResponse()

    def _exec_terminal(self, exec_id: str) -> tuple[str, bool]:
        session = self._parts.execs.find(exec_id)
        return EXEC_TASK_PREFIX + session.id, session.spec.tty

    def _prepared(self, header: pb.ExecHeader) -> tuple[ExecSession, Entry]:
        if header.exec_id:
            session = self._parts.execs.find(header.exec_id)
            return session, self._parts.containers.find(session.container_id)
        entry = self._parts.containers.find(header.container)
        return execs.create_exec(self._parts, entry, to_value(ExecSpec, header.spec)), entry

    async def _container_end(self, entry: Entry, ended: Ended | None) -> pb.StreamOutput:
        container = await sessions.end_of(entry, ended)
        status = pb.ExitStatus(exit_code=container.exit_code, oom_killed=container.oom_killed, error=container.error)
        return pb.StreamOutput(exit=status)


async def _converse(session: Session, deliver: Any, feed: Any) -> None:
    """Run both directions; the session ends with the output, or when the caller is gone."""
    try:
        async with asyncio.TaskGroup() as tasks:
            feeding = tasks.create_task(feed)
            await deliver
            feeding.cancel()
    except ExceptionGroup as errors:
        if not isinstance(errors.exceptions[0], grpc.aio.InternalError):  # writing to a caller that is gone
            raise errors.exceptions[0] from errors
    finally:
        session.close()


async def _header(requests: AsyncIterator[Any]) -> Any:
    """The first message. Raises InvalidArgument if it is no header."""
    async for request in requests:
        if request.WhichOneof("message") == "header":
            return request.header
        break
    raise InvalidArgument("the first message of the stream must be the header", reason="HEADER_MISSING")


async def _inputs(requests: AsyncIterator[Any]) -> AsyncIterator[sessions.Input]:
    async for request in requests:
        if request.WhichOneof("message") != "input":
            raise InvalidArgument("there is one header only", reason="HEADER_REPEATED")
        item = _input(request.input)
        if item is not None:
            yield item


def _input(message: pb.StreamInput) -> sessions.Input | None:
    match message.WhichOneof("input"):
        case "stdin":
            return sessions.Stdin(message.stdin)
        case "close_stdin":
            return sessions.CloseStdin()
        case "resize":
            return sessions.Resize(message.resize.width, message.resize.height)
        case "signal":
            return sessions.Signal(message.signal)
        case _:
            return None


def _output(event: Output) -> pb.StreamOutput:
    return pb.StreamOutput(stderr=event.data) if event.is_stderr else pb.StreamOutput(stdout=event.data)


def _terminal(size: Message) -> Terminal:
    return Terminal(size.width, size.height)  # type: ignore[attr-defined]
