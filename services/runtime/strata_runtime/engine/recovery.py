"""After a start of the service: what is remembered meets what is there."""

import logging
from dataclasses import replace
from pathlib import Path

from strata_chassis.errors import StrataError
from strata_runtime.adapters.launcher_client import TaskExit, TaskState
from strata_runtime.adapters.mounts.table import mount_points_below
from strata_runtime.adapters.state.rows import from_ns, to_ns
from strata_runtime.core.container.record import Container, State, started
from strata_runtime.core.exec_session import EXEC_TASK_PREFIX
from strata_runtime.core.operations import RemoveTree, Unmount
from strata_runtime.core.restart import wants_start_with_engine
from strata_runtime.engine.cleaning import clean_up, delete_from_runtime
from strata_runtime.engine.entry import Entry
from strata_runtime.engine.exits import handle_exit
from strata_runtime.engine.health import begin_checks
from strata_runtime.engine.parts import Parts
from strata_runtime.engine.removing import remove_locked
from strata_runtime.engine.restarting import note_failed_start
from strata_runtime.engine.starting import start

_log = logging.getLogger(__name__)
UNKNOWN_STATUS = 255


def restore(parts: Parts, records: list[Container]) -> None:
    """Fill the index, and count the layers that roots still stand on."""
    mounted = set(mount_points_below(parts.paths.bundles))
    for container in records:
        entry = parts.containers.add(container)
        if str(parts.paths.rootfs(container.id)) in mounted:
            entry.is_root_ready = True
            for layer in container.image_mount.all_layers():
                parts.layers.hold(layer, container.id)


async def reconcile(parts: Parts, tasks: list[TaskState]) -> None:
    """Bring every container to the state its process is in; called after each connection to the launcher."""
    by_name = {task.task: task for task in tasks}
    for entry in parts.containers:
        task = by_name.pop(entry.container.id, None)
        entry.has_process = entry.has_process or task is not None or entry.container.state.is_live
        if task is not None and task.exit is None and entry.container.state.is_live and not entry.is_checked:
            begin_checks(parts, entry)
        if entry.container.state.is_live and (end := _end_of(parts, entry, task)) is not None:
            parts.background.start(f"exit of {entry.container.id[:12]}", handle_exit(parts, entry, end))
        elif task is not None and not entry.container.state.is_live:
            _settle(parts, entry, task)
    for task in by_name.values():
        if task.task.startswith(EXEC_TASK_PREFIX) and task.exit is None:
            continue  # its client is gone, the process goes on
        parts.background.start(f"removal of task {task.task[:12]}", _forget_stray(parts, task))


async def sweep(parts: Parts) -> None:
    """Remove what is on the host for containers that nobody remembers: what an interrupted removal left."""
    known = {entry.container.id for entry in parts.containers}
    await parts.threads.run(_sweep_directories, parts, known)
    live = {entry.container.id for entry in parts.containers if entry.container.state.is_live}
    await parts.network.reconcile(live)
    try:
        for container_id in await parts.store.leased_containers():
            if container_id not in known:
                await parts.store.end_lease(container_id)
    except StrataError as error:
        _log.warning("leases of removed containers cannot be ended now: %s", error)


async def remove_wanted(parts: Parts) -> None:
    """Remove the containers that wanted to be gone after their exit, and still are there."""
    for entry in parts.containers:
        async with entry.lock:
            container = entry.container
            if container.spec.auto_remove and container.has_run and not container.state.is_live:
                await remove_locked(parts, entry, remove_volumes=True)


async def start_wanted(parts: Parts) -> None:
    """Start the containers whose restart policy wants it with the engine."""
    for entry in parts.containers:
        container = entry.container
        if container.state.is_live:
            continue
        if container.state is State.RESTARTING or wants_start_with_engine(container):
            entry.container = replace(container, state=State.RESTARTING)
            await _start_alone(parts, entry)


async def _start_alone(parts: Parts, entry: Entry) -> None:
    """Start a container; whatever is wrong with it is its own matter, and keeps no other one waiting."""
    try:
        await start(parts, entry)
    except Exception as error:  # noqa: BLE001 -- written down, and the others have their turn
        note_failed_start(parts, entry, error)


def _end_of(parts: Parts, entry: Entry, task: TaskState | None) -> TaskExit | None:
    """How a container ended that is remembered as running; None if it runs."""
    if task is not None:
        return task.exit
    reason = "the launcher does not know it any more"
    if entry.container.boot_id != parts.boot_id:
        reason = "the machine was started anew"
    return TaskExit(entry.container.id, UNKNOWN_STATUS, to_ns(parts.now()), reason)


def _settle(parts: Parts, entry: Entry, task: TaskState) -> None:
    """A start was cut short, so that nobody wrote down that it runs or ran; or only the cleaning after its exit was."""
    if task.exit is not None and entry.container.finish_time == from_ns(task.exit.finished_ns):
        parts.background.start(f"cleaning of {entry.container.id[:12]}", _clean_up(parts, entry))
        return
    entry.container = started(entry.container, task.pid, parts.now(), parts.boot_id)
    if task.exit is None:
        begin_checks(parts, entry)
    parts.journal.save(entry.container)
    if task.exit is not None:
        parts.background.start(f"exit of {entry.container.id[:12]}", handle_exit(parts, entry, task.exit))


async def _clean_up(parts: Parts, entry: Entry) -> None:
    async with entry.lock:
        if not entry.container.state.is_live:
            await clean_up(parts, entry)


async def _forget_stray(parts: Parts, task: TaskState) -> None:
    """End a task of a container that was removed; forget an exec session that has ended."""
    if task.exit is None:
        for runtime in parts.runtimes.values():
            await delete_from_runtime(parts, runtime.delete(task.task))
        return
    await parts.launcher.forget(task.task)


def _sweep_directories(parts: Parts, known: set[str]) -> None:
    for root in (parts.paths.bundles, parts.paths.containers):
        root.mkdir(parents=True, exist_ok=True)
        for path in root.iterdir():
            if path.name not in known:
                _remove_left(parts, path)


def _remove_left(parts: Parts, path: Path) -> None:
    """What cannot be removed stays: it keeps nobody from being served, and is tried again at the next start."""
    _log.info("removing what is left of %s", path.name[:12])
    try:
        parts.executor.run((Unmount(str(path / "rootfs")), RemoveTree(str(path))))
    except OSError as error:
        _log.warning("what is left of %s cannot be removed: %s", path.name[:12], error)
