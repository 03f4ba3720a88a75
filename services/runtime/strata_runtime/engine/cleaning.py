"""What is taken back after a container's processes have ended, and what is taken back for good."""

import asyncio
import logging

from strata_chassis.errors import StrataError
from strata_runtime.adapters.launcher_client import Leftovers
from strata_runtime.core.plan import plan_removal, plan_unmount
from strata_runtime.engine.entry import Entry
from strata_runtime.engine.parts import Parts
from strata_runtime.engine.settings import cgroups_path, runtime_of

_log = logging.getLogger(__name__)


async def clean_up(parts: Parts, entry: Entry) -> None:
    """Give back all that only a running container needs. What it changed, and its record, are kept."""
    container = entry.container
    await _clean_process(parts, entry)
    await parts.network.detach(container.id)
    await parts.threads.run(parts.executor.run, plan_unmount(container, parts.paths))
    entry.is_root_ready = False
    await _release_exit_record(parts, entry)


async def discard(parts: Parts, entry: Entry) -> None:
    """Give back all there is of a container."""
    container = entry.container
    await _clean_process(parts, entry)
    await parts.network.detach(container.id)
    await parts.threads.run(parts.executor.run, plan_removal(container, parts.paths))
    await _release_exit_record(parts, entry)
    parts.background.start(f"end of the lease of {container.id[:12]}", end_lease(parts, container.id))


async def end_lease(parts: Parts, container_id: str) -> None:
    """Let the store have an image back; a store that does not answer is asked again at the next start."""
    try:
        await parts.store.end_lease(container_id)
    except StrataError as error:
        _log.warning("the lease of %s is not ended: %s", container_id[:12], error)


async def forget_exit(parts: Parts, entry: Entry) -> None:
    """Let the launcher forget how the container ended; the caller holds its lock.

    Not before we have it on the disk, if the disk takes it: until then nobody else would know after a kill -9.
    """
    if entry.has_exit_record and await _is_written(entry):
        await _forget_record(parts, entry)


async def _is_written(entry: Entry) -> bool:
    """Wait until the exit is on the disk; False if it is not to be had there."""
    if entry.written is None:
        return True
    try:
        await asyncio.shield(entry.written)
    except Exception as error:  # noqa: BLE001 -- whatever the disk says: the launcher keeps the only record
        _log.warning("the launcher goes on remembering how %s ended: %s", entry.container.id[:12], error)
        return False
    return True


async def _forget_record(parts: Parts, entry: Entry) -> None:
    try:
        await parts.launcher.forget(entry.container.id)
    except StrataError as error:
        _log.warning("the launcher keeps %s: %s", entry.container.id[:12], error)
    else:
        entry.has_exit_record = False


async def _release_exit_record(parts: Parts, entry: Entry) -> None:
    """Forget the exit now if it is written down, otherwise later: nobody waits for the disk here."""
    if entry.written is None or entry.written.done():
        await forget_exit(parts, entry)
    else:
        parts.background.start(f"record of the exit of {entry.container.id[:12]}", _forget_later(parts, entry))


async def _forget_later(parts: Parts, entry: Entry) -> None:
    if await _is_written(entry):
        async with entry.lock:
            if not entry.container.state.is_live:
                await forget_exit(parts, entry)


async def _clean_process(parts: Parts, entry: Entry) -> None:
    """Remove what the OCI runtime has of the container. What cannot be done now is done at the next start."""
    if not entry.has_process:
        return
    container, entry.has_process, entry.has_exit_record = entry.container, False, True
    runtime = runtime_of(parts, container.spec)
    leftovers = Leftovers(cgroups_path(parts, container), runtime.state_directory(container.id))
    try:
        if await parts.launcher.clean(leftovers):
            return
    except StrataError as error:
        _log.warning("the launcher keeps %s: %s", container.id[:12], error)
    await delete_from_runtime(parts, runtime.delete(container.id))


async def delete_from_runtime(parts: Parts, command: tuple[str, ...]) -> None:
    """Run an OCI runtime's ``delete``."""
    try:
        status, said = await parts.launcher.run_command(command)
    except StrataError as error:
        _log.warning("%s: %s", " ".join(command), error)
        return
    if status != 0 and "does not exist" not in said and "No such file" not in said:
        _log.warning("%s: %s", " ".join(command), said.strip())
