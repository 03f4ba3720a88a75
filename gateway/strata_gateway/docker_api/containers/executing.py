"""Run further processes in a container."""

from collections.abc import Mapping
from typing import Any

from strata.runtime.v1 import runtime_pb2 as pb
from strata_chassis.errors import Conflict, StrataError
from strata_gateway.docker_api.calls import EngineSession, exec_session
from strata_gateway.docker_api.containers.attaching import size_of
from strata_gateway.docker_api.detach import parse_keys
from strata_gateway.docker_api.errors import message_of
from strata_gateway.docker_api.frames import Stream, frame
from strata_gateway.docker_api.parameters import stream_type, understood
from strata_gateway.docker_api.routes import Routes
from strata_gateway.docker_api.session import join
from strata_gateway.engine.engine import Engine
from strata_gateway.web.exchange import Exchange


async def create(engine: Engine, exchange: Exchange) -> None:
    """POST /containers/{id}/exec."""
    body = await exchange.request.json()
    with understood():
        parse_keys(body.get("DetachKeys") or "")
        request = pb.CreateExecRequest(container=exchange.parts["id"], spec=_spec(body))
    made = await engine.peers.runtime.CreateExec(request)
    await exchange.reply({"Id": made.exec_id}, 201)


def _spec(body: Mapping[str, Any]) -> pb.ExecSpec:
    command = body.get("Cmd") or ()
    return pb.ExecSpec(
        command=(command,) if isinstance(command, str) else command,
        env=body.get("Env") or (),
        working_dir=body.get("WorkingDir") or "",
        user=body.get("User") or "",
        tty=bool(body.get("Tty")),
        stdin=bool(body.get("AttachStdin")),
        stdout=bool(body.get("AttachStdout")),
        stderr=bool(body.get("AttachStderr")),
        privileged=bool(body.get("Privileged")),
        detach_keys=body.get("DetachKeys") or "",
    )


async def start(engine: Engine, exchange: Exchange) -> None:
    """POST /exec/{id}/start: the connection becomes the process's streams, unless it is to run on its own."""
    body = await exchange.request.json()
    prepared = await engine.peers.runtime.GetExec(pb.GetExecRequest(exec_id=exchange.parts["id"]))
    if prepared.running or prepared.HasField("exit_code"):
        raise Conflict(f"Error: Exec command {prepared.exec_id} has already run", reason="EXEC_STARTED")
    header = pb.ExecHeader(exec_id=prepared.exec_id, detach=bool(body.get("Detach")))
    if body.get("ConsoleSize"):
        with understood():
            height, width = body["ConsoleSize"]
            header.terminal_size.CopyFrom(pb.TerminalSize(width=width, height=height))
    async with exec_session(engine.peers) as session:
        if header.detach:
            await session.begin(header)
            await exchange.reply_empty(200)
        else:
            await _join(session, header, exchange, prepared.spec)


async def _join(session: EngineSession, header: pb.ExecHeader, exchange: Exchange, spec: pb.ExecSpec) -> None:
    """Hand the connection over before the process starts.

    docker-py reads ahead while it reads the head of the answer, and loses output that comes with it. It also means that
    why a process did not start is told as output, which is where docker's clients look for it.
    """
    raw = await exchange.hijack(stream_type(exchange, tty=spec.tty))
    try:
        await session.begin(header)
    except StrataError as error:
        text = f"{message_of(error)}\r\n".encode()
        await raw.write(text if spec.tty else frame(Stream.STDERR, text))
        return
    await join(session, raw, tty=spec.tty, stdin=spec.stdin, keys=parse_keys(spec.detach_keys))


async def inspect(engine: Engine, exchange: Exchange) -> None:
    """GET /exec/{id}/json."""
    got = await engine.peers.runtime.GetExec(pb.GetExecRequest(exec_id=exchange.parts["id"]))
    await exchange.reply(_shown(got))


def _shown(got: pb.GetExecResponse) -> dict[str, Any]:
    spec = got.spec
    return {
        "ID": got.exec_id,
        "Running": got.running,
        "ExitCode": got.exit_code if got.HasField("exit_code") else None,
        "ProcessConfig": {
            "tty": spec.tty,
            "entrypoint": spec.command[0] if spec.command else "",
            "arguments": list(spec.command[1:]),
            "privileged": spec.privileged,
            "user": spec.user,
        },
        "OpenStdin": spec.stdin,
        "OpenStderr": spec.stderr,
        "OpenStdout": spec.stdout,
        "CanRemove": False,
        "ContainerID": got.container_id,
        "DetachKeys": spec.detach_keys,
        "Pid": got.pid,
    }


async def resize(engine: Engine, exchange: Exchange) -> None:
    """POST /exec/{id}/resize."""
    await engine.peers.runtime.ResizeTerminal(
        pb.ResizeTerminalRequest(exec_id=exchange.parts["id"], size=size_of(exchange))
    )
    await exchange.reply_empty(200)


ROUTES: Routes = (
    ("POST", "/containers/{id}/exec", create),
    ("POST", "/exec/{id}/start", start),
    ("GET", "/exec/{id}/json", inspect),
    ("POST", "/exec/{id}/resize", resize),
)
