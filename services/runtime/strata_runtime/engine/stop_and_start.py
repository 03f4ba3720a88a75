"""RestartContainer: what a user asks for, not what a restart policy does."""

from strata_runtime.core.event import container_event
from strata_runtime.engine.entry import Entry
from strata_runtime.engine.parts import Parts
from strata_runtime.engine.starting import start
from strata_runtime.engine.stopping import stop


async def stop_and_start(parts: Parts, entry: Entry, *, timeout_s: float | None, signal_name: str = "") -> None:
    """Run a container anew. Raises StrataError."""
    with entry.kept():
        await stop(parts, entry, timeout_s=timeout_s, signal_name=signal_name)
        await start(parts, entry)  # behind the lock, under which the exit is handled
    parts.journal.record(container_event(entry.container, "restart", parts.now()))
