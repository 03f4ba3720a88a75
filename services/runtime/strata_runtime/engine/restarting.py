"""Restart policies."""

import asyncio
import logging
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

from strata_chassis.errors import StrataError
from strata_runtime.core.container.record import Container, State
from strata_runtime.core.restart import CALM_AFTER_S, restart_delay_s, wants_restart
from strata_runtime.engine.entry import Entry
from strata_runtime.engine.parts import Parts

_log = logging.getLogger(__name__)


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
    except StrataError as error:
        _log.warning("restart of %s: %s", entry.container.id[:12], error)
        async with entry.lock:
            entry.container = replace(entry.container, state=State.EXITED, restart_count=count)
            again = consider_restart(parts, entry) if entry.container.exit_code else None
        if again is not None:
            parts.background.start(f"restart of {entry.container.id[:12]}", again)


def _ran_s(container: Container) -> float:
    if container.start_time is None or container.finish_time is None:
        return 0.0
    return (container.finish_time - container.start_time).total_seconds()
