"""RenameContainer."""

from dataclasses import replace

from strata_chassis.errors import InvalidArgument
from strata_runtime.core.event import container_event
from strata_runtime.engine.entry import Entry
from strata_runtime.engine.parts import Parts


async def rename(parts: Parts, entry: Entry, name: str) -> None:
    """Give a container another name. Raises AlreadyExists, InvalidArgument."""
    if not name:
        raise InvalidArgument("a container needs a name", reason="NAME_INVALID")
    async with entry.lock:
        before = entry.container.name
        chosen = parts.containers.reserve_name(name, entry.container.id)
        if chosen == before:
            return
        entry.container = replace(entry.container, name=chosen, spec=replace(entry.container.spec, name=chosen))
        parts.containers.release_name(before)
        if entry.container.state.is_live:
            await parts.network.rename(entry.container.id, chosen)
        parts.journal.save(
            entry.container, container_event(entry.container, "rename", parts.now(), oldName=f"/{before}")
        )
        await parts.journal.flushed()
