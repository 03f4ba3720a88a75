"""What happens when a container's first process ends."""

import logging

from strata_runtime.adapters.launcher_client import TaskExit
from strata_runtime.adapters.state.rows import from_ns
from strata_runtime.core.container.record import exited
from strata_runtime.core.event import container_event
from strata_runtime.engine.cleaning import clean_up
from strata_runtime.engine.entry import Entry
from strata_runtime.engine.parts import Parts
from strata_runtime.engine.removing import remove_locked
from strata_runtime.engine.restarting import consider_restart
from strata_runtime.engine.settings import cgroups_path

_log = logging.getLogger(__name__)


async def handle_exit(parts: Parts, entry: Entry, end: TaskExit) -> None:
    """Write the exit down, tell who waits, then clean up, remove or restart as the container wishes."""
    async with entry.lock:
        container = entry.container
        if not container.state.is_live:
            return
        _note_exit(parts, entry, end)
        if entry.is_removed_by_exit:
            await remove_locked(parts, entry, remove_volumes=True)
            return
        await clean_up(parts, entry)
        restart = consider_restart(parts, entry)
    if restart is not None:
        parts.background.start(f"restart of {container.id[:12]}", restart)


def _note_exit(parts: Parts, entry: Entry, end: TaskExit) -> None:
    container = entry.container
    oom_killed = parts.cgroups.oom_kills(cgroups_path(parts, container)) > 0
    when = from_ns(end.finished_ns)
    parts.meters.exits.labels("true" if end.status == 0 else "false").inc()
    parts.meters.oom_kills.inc(int(oom_killed))
    entry.container = exited(container, end.status, when, oom_killed=oom_killed, error=end.reason)
    events = [container_event(container, "die", when, exitCode=str(end.status))]
    if oom_killed:
        events.insert(0, container_event(container, "oom", when))
    parts.journal.save(entry.container, *events)
    entry.written = parts.journal.last
    entry.tell_exit()
