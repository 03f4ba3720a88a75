"""Exec sessions: further processes in a running container."""

import asyncio
import json
from dataclasses import replace
from typing import Any

from strata_chassis.errors import Conflict, InvalidArgument, NotFound
from strata_runtime.adapters.launcher_client import StartError, TaskExit, TaskRequest
from strata_runtime.adapters.launcher_session import Session
from strata_runtime.core.bundle.process import with_console_size
from strata_runtime.core.container.record import Container, State
from strata_runtime.core.event import container_event
from strata_runtime.core.exec_session import EXEC_TASK_PREFIX, ExecSession, ExecSpec
from strata_runtime.core.names import new_id
from strata_runtime.engine.entry import Entry
from strata_runtime.engine.exec_process import exec_process
from strata_runtime.engine.parts import Parts
from strata_runtime.engine.settings import runtime_of
from strata_runtime.engine.starting import Terminal, start_failure
from strata_runtime.engine.stopping import not_running

KEPT_S = 3600.0
"""How long an ended session can be asked about."""


def create_exec(parts: Parts, entry: Entry, spec: ExecSpec, request_id: str = "") -> ExecSession:
    """Prepare a session. Raises FailedPrecondition if the container does not run."""
    made_before = parts.execs.by_request(request_id)
    if made_before is not None:
        return made_before
    _check(entry.container, spec)
    session = ExecSession(new_id(), entry.container.id, spec)
    parts.execs.put(session, request_id)
    action = f"exec_create: {' '.join(spec.command)}"
    parts.journal.record(container_event(entry.container, action, parts.now(), execID=session.id))
    return session


async def start_exec(parts: Parts, entry: Entry, session: ExecSession, terminal: Terminal) -> Session:
    """Run a prepared session and connect to it. Raises FailedPrecondition, with docker's exit codes, if it fails."""
    if session.is_running or session.exit_code is not None:
        raise Conflict("the exec session has been started already", reason="EXEC_STARTED")
    container = entry.container
    _check(container, session.spec)
    parts.execs.put(replace(session, is_running=True))
    entry.exec_ids.add(session.id)
    try:
        request = await parts.threads.run(_task_request, parts, container, session, terminal)
        streams = await parts.launcher.start_attached(request, _wishes(session.spec))
    except StartError as error:
        failure = start_failure(session.spec.command[0], error.error_log, container.id)
        _end(parts, entry, session.id, int(failure.metadata["exit_code"]))
        raise failure from error
    except BaseException:
        _end(parts, entry, session.id, 128)
        raise
    parts.execs.put(replace(session, is_running=True, pid=streams.pid))
    action = f"exec_start: {' '.join(session.spec.command)}"
    parts.journal.record(container_event(container, action, parts.now(), execID=session.id))
    return streams


async def handle_exec_exit(parts: Parts, end: TaskExit) -> None:
    """Note the end of a session's process."""
    exec_id = end.task.removeprefix(EXEC_TASK_PREFIX)
    await parts.launcher.forget(end.task)
    try:
        session = parts.execs.find(exec_id)
    except NotFound:
        return  # of an earlier life of this process
    entry = parts.containers.get(session.container_id)
    if entry is None:
        parts.execs.drop(exec_id)
        return
    note_end(parts, entry, exec_id, end.status)


def note_end(parts: Parts, entry: Entry, exec_id: str, status: int) -> None:
    """Remember how a session's process ended, whoever hears of it first."""
    if not parts.execs.find(exec_id).is_running:
        return
    _end(parts, entry, exec_id, status)
    facts = {"execID": exec_id, "exitCode": str(status)}
    parts.journal.record(container_event(entry.container, "exec_die", parts.now(), **facts))


def _end(parts: Parts, entry: Entry, exec_id: str, status: int) -> None:
    session = parts.execs.find(exec_id)
    parts.execs.put(replace(session, is_running=False, exit_code=status))
    entry.exec_ids.discard(exec_id)
    (parts.paths.bundle(session.container_id) / f"{exec_id}.json").unlink(missing_ok=True)
    asyncio.get_running_loop().call_later(KEPT_S, parts.execs.drop, exec_id)


def _check(container: Container, spec: ExecSpec) -> None:
    if container.state is State.PAUSED:
        raise Conflict(f"container {container.name} is paused: resume it first", reason="CONTAINER_PAUSED")
    if not container.state.is_live:
        raise not_running(container)
    if not spec.command:
        raise InvalidArgument("there is no command to run", reason="COMMAND_MISSING")


def _wishes(spec: ExecSpec) -> dict[str, Any]:
    streams = [name for name, wanted in (("stdout", spec.stdout or spec.tty), ("stderr", spec.stderr)) if wanted]
    return {"streams": streams, "stdin": spec.stdin, "holds": True}


def _task_request(parts: Parts, container: Container, session: ExecSession, terminal: Terminal) -> TaskRequest:
    """Write the process file; what to ask of the launcher. Blocking."""
    path = parts.paths.bundle(container.id) / f"{session.id}.json"
    process = exec_process(parts, container, session.spec)
    path.write_text(json.dumps(with_console_size(process, terminal.columns, terminal.rows)))
    return TaskRequest(
        task=EXEC_TASK_PREFIX + session.id,
        argv=runtime_of(parts, container.spec).exec(container.id, str(path), tty=session.spec.tty),
        tty=session.spec.tty,
        stdin=session.spec.stdin,
        stdin_once=True,
        rows=terminal.rows,
        columns=terminal.columns,
    )
