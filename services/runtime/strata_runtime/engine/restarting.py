"""Restart policies."""

import asyncio
import logging
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

from strata_chassis.errors import StrataError
from strata_runtime.core.container.record import Container, State, failed_to_start
from strata_runtime.core.restart import CALM_AFTER_S, restart_delay_s, wants_restart
from strata_runtime.engine.entry import Entry
from strata_runtime.engine.parts import Parts

_log = logging.getLogger(__name__)
_START_FAILED = 128


def consider_restart(parts: Parts, entry: Entry) -> Coroutine[Any, Any, None] | None:
    """Mark a container that its policy wants back; returns the work that starts it after the delay."""
    container = entry.container
    if not wants_restart(container):
        return None
    ran_s = _ran_s(container)
    failures = 0 if ran_s >= CALM_AFTER_S else container.restart_count
    entry.container = replace(container, state=State.RESTARTING, restart_count=container.restart_count + 1)
    parts.journal.save(entry.container)
    return _restart(parts, entry, restart_delay_s(failures, ran_s))


async def _restart(parts: Parts, entry: Entry, delay_s: float) -> None:
    from strata_runtime.engine.starting import start

    await asyncio.sleep(delay_s)
    if entry.container.state is not State.RESTARTING:
        return  # stopped, started or removed by a user meanwhile
    count = entry.container.restart_count
    try:
        await start(parts, entry)
    except Exception as error:  # noqa: BLE001 -- written down, and the policy has its say
        async with entry.lock:
            note_failed_start(parts, entry, error)
            entry.container = replace(entry.container, state=State.EXITED, restart_count=count)
            again = consider_restart(parts, entry) if entry.container.exit_code else None
        if again is not None:
            parts.background.start(f"restart of {entry.container.id[:12]}", again)


def note_failed_start(parts: Parts, entry: Entry, error: Exception) -> None:
    """Write down that a container could not be started, so that it does not look as if it were about to."""
    container = entry.container
    if isinstance(error, StrataError):
        _log.warning("%s cannot be started: %s", container.id[:12], error)
    else:
        _log.error("%s cannot be started", container.id[:12], exc_info=error)
    if container.state is State.RESTARTING:
        entry.container = failed_to_start(container, _START_FAILED, str(error), parts.now())
        parts.journal.save(entry.container)
        entry.tell_exit()


def _ran_s(container: Container) -> float:
    if container.start_time is None or container.finish_time is None:
        return 0.0
    return (container.finish_time - container.start_time).total_seconds()
