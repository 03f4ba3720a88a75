"""Health checks of running containers."""

import asyncio
import contextlib
import json
import signal
from dataclasses import replace

from strata_chassis.errors import StrataError
from strata_runtime.adapters.launcher_client import StartError, TaskRequest
from strata_runtime.adapters.launcher_session import Ended, Output, Session
from strata_runtime.adapters.processes import send_signal
from strata_runtime.core import health as rules
from strata_runtime.core.container.health import HealthCheck, HealthResult, HealthStatus
from strata_runtime.core.container.record import Container, State
from strata_runtime.core.event import container_event
from strata_runtime.core.exec_session import EXEC_TASK_PREFIX, ExecSpec
from strata_runtime.core.names import new_id
from strata_runtime.engine.entry import Entry
from strata_runtime.engine.exec_process import exec_process
from strata_runtime.engine.parts import Parts
from strata_runtime.engine.settings import runtime_of

_FAILED = 1


def begin_checks(parts: Parts, entry: Entry) -> None:
    """Check a container that runs for as long as it does, if it wants to be; what is known of its health stays."""
    check = entry.container.spec.health_check
    if check is None or not rules.command_of(check):
        return
    entry.is_checked = True
    if entry.container.health.status is HealthStatus.NONE:
        entry.container = replace(entry.container, health=rules.begun())
    parts.background.start(f"health of {entry.container.id[:12]}", _check_until_exit(parts, entry, check))


async def _check_until_exit(parts: Parts, entry: Entry, check: HealthCheck) -> None:
    run = entry.container
    started = run.start_time or parts.now()
    ended = entry.next_exit()
    while not ended.done():
        pause = rules.next_check_in(entry.container.health, check, started, parts.now())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause.total_seconds()):
                await asyncio.shield(ended)
        if entry.container.state is State.RUNNING and entry.container.pid == run.pid:
            result = await _check(parts, entry.container, check)
            if not ended.done():
                _note(parts, entry, check, result)
    entry.is_checked = False


def _note(parts: Parts, entry: Entry, check: HealthCheck, result: HealthResult) -> None:
    before = entry.container.health
    after = rules.after(before, result, check, entry.container.start_time or parts.now())
    entry.container = replace(entry.container, health=after)
    if after.status is not before.status:
        action = f"health_status: {after.status.name.lower()}"
        parts.journal.save(entry.container, container_event(entry.container, action, parts.now()))


async def _check(parts: Parts, container: Container, check: HealthCheck) -> HealthResult:
    begin = parts.now()
    timeout = check.timeout or rules.DEFAULT_TIMEOUT
    try:
        status, output = await _run(parts, container, rules.command_of(check), timeout.total_seconds())
    except (StartError, StrataError) as error:
        status, output = _FAILED, str(error)
    except TimeoutError:
        status, output = -1, f"the check took longer than {timeout.total_seconds():g} s"
    return HealthResult(begin, parts.now(), status, output)


async def _run(parts: Parts, container: Container, command: tuple[str, ...], timeout_s: float) -> tuple[int, str]:
    check_id = new_id()
    path = parts.paths.bundle(container.id) / f"{check_id}.json"
    await parts.threads.run(_write_process, parts, container, command, str(path))
    try:
        request = TaskRequest(
            task=EXEC_TASK_PREFIX + check_id,
            argv=runtime_of(parts, container.spec).exec(container.id, str(path), tty=False),
        )
        session = await parts.launcher.start_attached(request, {"streams": ["stdout", "stderr"]})
        try:
            async with asyncio.timeout(timeout_s):
                return await _outcome(session)
        except TimeoutError:
            send_signal(session.pid, container.id, signal.SIGKILL)
            raise
        finally:
            session.close()
    finally:
        path.unlink(missing_ok=True)


def _write_process(parts: Parts, container: Container, command: tuple[str, ...], path: str) -> None:
    process = exec_process(parts, container, ExecSpec(command=command))
    with open(path, "w", encoding="utf-8") as file:  # noqa: PTH123 -- a path of ours, as text
        json.dump(process, file)


async def _outcome(session: Session) -> tuple[int, str]:
    output = bytearray()
    async for event in session.events():
        if isinstance(event, Output):
            output += event.data[: rules.MOST_OUTPUT_BYTES - len(output)]
        elif isinstance(event, Ended):
            return event.status, output.decode(errors="replace")
    return _FAILED, "the launcher has gone"
