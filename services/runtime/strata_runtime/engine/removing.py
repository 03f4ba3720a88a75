"""DeleteContainer: nothing is left."""

from dataclasses import replace
from functools import partial

from strata_chassis.errors import Conflict, NotFound
from strata_runtime.adapters.volumes import forget_volume
from strata_runtime.core.container.mount import MountType
from strata_runtime.core.container.record import Container, State
from strata_runtime.core.event import container_event
from strata_runtime.engine.cleaning import discard
from strata_runtime.engine.entry import Entry
from strata_runtime.engine.parts import Parts
from strata_runtime.engine.stopping import kill_and_wait


async def remove(parts: Parts, entry: Entry, *, force: bool, remove_volumes: bool) -> None:
    """Remove a container. Raises Conflict for one that runs, unless forced."""
    if entry.container.state.is_live:
        if not force:
            raise Conflict(
                f"container {entry.container.name} runs: stop it first, or force its removal",
                reason="CONTAINER_RUNNING",
                metadata={"container": entry.container.id},
            )
        await kill_and_wait(parts, entry)
    async with entry.lock:
        if parts.containers.get(entry.container.id) is not entry:
            if entry.container.spec.auto_remove or force:
                return
            raise NotFound("the container has been removed already", reason="CONTAINER_UNKNOWN")
        await remove_locked(parts, entry, remove_volumes=remove_volumes)


async def remove_locked(parts: Parts, entry: Entry, *, remove_volumes: bool) -> None:
    """Remove a container that has ended; the caller holds its lock.

    The record goes first, on disk as well: from then on the container is gone for everybody, and what is left of it
    on the host is recognised as nobody's at the next start, should this one be cut short. One that removes itself does
    not wait for the disk: it would do it again.
    """
    container = entry.container
    entry.container = replace(container, state=State.REMOVING)
    now = parts.now()
    parts.journal.delete(container.id, container_event(container, "destroy", now))
    entry.written = parts.journal.last
    if not container.spec.auto_remove:
        await parts.journal.flushed()
    parts.containers.remove(container)
    entry.tell_removal()
    await discard(parts, entry)
    if remove_volumes:
        await _remove_anonymous_volumes(parts, container)


async def _remove_anonymous_volumes(parts: Parts, container: Container) -> None:
    used = volumes_in_use(parts)
    for point in container.mount_points:
        volume = parts.volumes.find(point.name) if point.type is MountType.VOLUME else None
        if volume is not None and volume.anonymous and volume.name not in used:
            parts.journal.apply(partial(forget_volume, name=volume.name))
            await parts.threads.run(parts.volumes.delete, volume.name)


def volumes_in_use(parts: Parts) -> dict[str, list[str]]:
    """Names of volumes, and the IDs of the containers that have each."""
    used: dict[str, list[str]] = {}
    for entry in parts.containers:
        for point in entry.container.mount_points:
            if point.type is MountType.VOLUME:
                used.setdefault(point.name, []).append(entry.container.id)
    return used
