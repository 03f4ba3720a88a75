"""Signals, stops and pauses."""

import asyncio
import signal
from dataclasses import replace

from strata_chassis.errors import Conflict, FailedPrecondition, Internal
from strata_runtime.adapters.processes import send_signal
from strata_runtime.core.container.record import Container, State
from strata_runtime.core.event import container_event
from strata_runtime.core.signals import parse_signal
from strata_runtime.engine.entry import Entry
from strata_runtime.engine.parts import Parts
from strata_runtime.engine.settings import runtime_of


def not_running(container: Container) -> FailedPrecondition:
    """The error for what needs a running container."""
    return FailedPrecondition(
        f"container {container.name} does not run",
        reason="CONTAINER_NOT_RUNNING",
        metadata={"container": container.id},
    )


async def kill(parts: Parts, entry: Entry, signal_name: str) -> None:
    """Send a signal to a container's first process."""
    number = parse_signal(signal_name or "SIGKILL")
    container = entry.container
    if not container.state.is_live:
        raise not_running(container)
    if number == signal.SIGKILL:
        _mark_stopped(parts, entry)
    if not send_signal(container.pid, container.id, number):
        raise not_running(container)
    parts.journal.record(container_event(container, "kill", parts.now(), signal=str(number)))
    if number == signal.SIGKILL and container.state is State.PAUSED:
        await _thaw(parts, entry)


async def stop(parts: Parts, entry: Entry, *, timeout_s: float | None, signal_name: str = "") -> bool:
    """Ask a container to end, and kill it after ``timeout_s``; False if it did not run.

    A negative timeout waits for ever.
    """
    container = entry.container
    if container.state is State.RESTARTING:
        _mark_stopped(parts, entry)
        entry.container = replace(entry.container, state=State.EXITED)
        parts.journal.save(entry.container)
        return True
    if not container.state.is_live:
        return False
    number = parse_signal(signal_name or container.spec.stop_signal or "SIGTERM")
    grace_s = _grace_s(parts, container) if timeout_s is None else timeout_s
    _mark_stopped(parts, entry)
    ended = entry.next_exit()
    send_signal(container.pid, container.id, number)
    if container.state is State.PAUSED:
        await _thaw(parts, entry)
    try:
        async with asyncio.timeout(grace_s if grace_s >= 0 else None):
            await asyncio.shield(ended)
    except TimeoutError:
        send_signal(container.pid, container.id, signal.SIGKILL)
        await asyncio.shield(ended)
    parts.journal.record(container_event(container, "stop", parts.now()))
    return True


async def kill_and_wait(parts: Parts, entry: Entry) -> None:
    """End a container at once."""
    container = entry.container
    if not container.state.is_live:
        return
    _mark_stopped(parts, entry)
    ended = entry.next_exit()
    send_signal(container.pid, container.id, signal.SIGKILL)
    if container.state is State.PAUSED:
        await _thaw(parts, entry)
    await asyncio.shield(ended)


async def pause(parts: Parts, entry: Entry) -> None:
    """Freeze all processes of a container."""
    async with entry.lock:
        container = entry.container
        if container.state is State.PAUSED:
            raise Conflict(f"container {container.name} is paused already", reason="CONTAINER_PAUSED")
        if container.state is not State.RUNNING:
            raise not_running(container)
        await _command(parts, runtime_of(parts, container.spec).pause(container.id))
        entry.container = replace(container, state=State.PAUSED)
        parts.journal.save(entry.container, container_event(container, "pause", parts.now()))


async def resume(parts: Parts, entry: Entry) -> None:
    """Thaw them."""
    async with entry.lock:
        container = entry.container
        if container.state is not State.PAUSED:
            raise Conflict(f"container {container.name} is not paused", reason="CONTAINER_NOT_PAUSED")
        await _thaw(parts, entry)


async def _thaw(parts: Parts, entry: Entry) -> None:
    container = entry.container
    await _command(parts, runtime_of(parts, container.spec).resume(container.id))
    if entry.container.state is State.PAUSED:
        entry.container = replace(entry.container, state=State.RUNNING)
        parts.journal.save(entry.container, container_event(container, "unpause", parts.now()))


async def _command(parts: Parts, command: tuple[str, ...]) -> None:
    status, said = await parts.launcher.run_command(command)
    if status != 0:
        raise Internal(f"the OCI runtime failed: {said.strip()}", reason="OCI_RUNTIME_FAILED")


def _mark_stopped(parts: Parts, entry: Entry) -> None:
    """Remember that a user ended it, so that no restart policy undoes that."""
    if not entry.container.stopped_by_user:
        entry.container = replace(entry.container, stopped_by_user=True)
        parts.journal.save(entry.container)


def _grace_s(parts: Parts, container: Container) -> float:
    asked = container.spec.stop_timeout
    return parts.settings.stop_timeout_s if asked is None else asked.total_seconds()
