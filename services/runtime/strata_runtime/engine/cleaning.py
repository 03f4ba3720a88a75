"""What is taken back after a container's processes have ended, and what is taken back for good."""

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
    await forget_process(parts, entry)
    await parts.network.detach(container.id)
    await parts.threads.run(parts.executor.run, plan_unmount(container, parts.paths))
    entry.is_root_ready = False


async def discard(parts: Parts, entry: Entry) -> None:
    """Give back all there is of a container."""
    container = entry.container
    await forget_process(parts, entry)
    await parts.network.detach(container.id)
    await parts.threads.run(parts.executor.run, plan_removal(container, parts.paths))
    parts.background.start(f"end of the lease of {container.id[:12]}", end_lease(parts, container.id))


async def end_lease(parts: Parts, container_id: str) -> None:
    """Let the store have an image back; a store that does not answer is asked again at the next start."""
    try:
        await parts.store.end_lease(container_id)
    except StrataError as error:
        _log.warning("the lease of %s is not ended: %s", container_id[:12], error)


async def forget_process(parts: Parts, entry: Entry) -> None:
    """Let the OCI runtime and the launcher forget the container. What cannot be done now is done at the next start."""
    if not entry.has_process:
        return
    container, entry.has_process = entry.container, False
    runtime = runtime_of(parts, container.spec)
    leftovers = Leftovers(cgroups_path(parts, container), runtime.state_directory(container.id))
    try:
        if await parts.launcher.forget(container.id, leftovers):
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
