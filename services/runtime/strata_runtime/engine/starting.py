"""StartContainer: network, bundle, one call of the OCI runtime; nothing waits that need not."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from strata_chassis.errors import Conflict, FailedPrecondition, InvalidArgument, StrataError
from strata_runtime.adapters.host import device_node, host_devices
from strata_runtime.adapters.launcher_client import StartError, TaskRequest
from strata_runtime.adapters.mounts.targets import make_targets
from strata_runtime.adapters.users import look_up_user
from strata_runtime.core.bundle.config import Surroundings, bundle_config, working_dir
from strata_runtime.core.bundle.host import DeviceNode
from strata_runtime.core.bundle.process import with_console_size
from strata_runtime.core.container.record import Container, State, failed_to_start, started
from strata_runtime.core.defaults import parse_execution
from strata_runtime.core.event import container_event
from strata_runtime.core.exit_status import NOT_EXECUTABLE, NOT_FOUND, explain_failure
from strata_runtime.core.network.spec import Attachment
from strata_runtime.core.operations import MakeInside
from strata_runtime.core.plan import plan_root
from strata_runtime.engine import networking
from strata_runtime.engine.cleaning import clean_up
from strata_runtime.engine.confinement import seccomp_filter
from strata_runtime.engine.entry import Entry
from strata_runtime.engine.health import begin_checks
from strata_runtime.engine.joining import joined_namespaces
from strata_runtime.engine.parts import Parts
from strata_runtime.engine.removing import remove_locked
from strata_runtime.engine.settings import cgroups_path, log_request, runtime_of

_REASONS = {NOT_FOUND: "COMMAND_NOT_FOUND", NOT_EXECUTABLE: "COMMAND_NOT_EXECUTABLE"}


@dataclass(frozen=True, slots=True)
class Terminal:
    """Size of a terminal to begin with."""

    columns: int = 0
    rows: int = 0


@dataclass(frozen=True, slots=True)
class _Places:
    """Namespaces that are there before the container: the network's, and others' that it joins, by OCI type."""

    attachment: Attachment
    joined: Mapping[str, str]


async def start(parts: Parts, entry: Entry, terminal: Terminal = Terminal()) -> bool:
    """Run a container; False if it runs already. Raises StrataError, and then the container is as it was."""
    async with entry.lock:
        container = entry.container
        if container.state.is_live:
            return False
        if container.state is State.REMOVING:
            raise Conflict("the container is being removed", reason="CONTAINER_REMOVING")
        try:
            with parts.meters.start_seconds.time():
                await _start(parts, entry, terminal)
        except StrataError as error:
            parts.meters.failed_starts.labels(error.reason).inc()
            await asyncio.shield(_fail(parts, entry, error))
            raise
        except BaseException:
            await asyncio.shield(clean_up(parts, entry))
            raise
        return True


async def _start(parts: Parts, entry: Entry, terminal: Terminal) -> None:
    container = entry.container
    attachment = await parts.network.attach(container.id, networking.network_spec(container, parts.containers))
    if not entry.is_root_ready:
        await parts.threads.run(_mount_root, parts, container)
        entry.is_root_ready = True
    with joined_namespaces(container, parts.containers) as joined:
        await parts.threads.run(_write_bundle, parts, container, _Places(attachment, joined), terminal)
        entry.has_process = True
        try:
            pid = await parts.launcher.start(_task_request(parts, container, terminal))
        except StartError as error:
            raise start_failure(container.args[0], error.error_log, container.id) from error
    now = parts.now()
    entry.container = networking.attached(started(container, pid, now, parts.boot_id), attachment)
    begin_checks(parts, entry)
    parts.journal.save(entry.container, container_event(container, "start", now))


def start_failure(command: str, error_log: str, container_id: str) -> FailedPrecondition:
    """The error for a process that did not start."""
    failure = explain_failure(error_log, command)
    return FailedPrecondition(
        failure.message,
        reason=_REASONS.get(failure.exit_code, "OCI_RUNTIME_FAILED"),
        metadata={"container": container_id, "command": command, "exit_code": str(failure.exit_code)},
    )


async def _fail(parts: Parts, entry: Entry, error: StrataError) -> None:
    """Take everything back and tell who waits; a container that wants to be gone after its exit is removed."""
    now = parts.now()
    status = int(error.metadata.get("exit_code", "128"))
    entry.container = failed_to_start(entry.container, status, error.message, now)
    parts.journal.save(entry.container)
    entry.tell_exit()
    if entry.container.spec.auto_remove:
        await remove_locked(parts, entry, remove_volumes=True)
    else:
        await clean_up(parts, entry)


def _task_request(parts: Parts, container: Container, terminal: Terminal) -> TaskRequest:
    spec = container.spec
    bundle = str(parts.paths.bundle(container.id))
    return TaskRequest(
        task=container.id,
        argv=runtime_of(parts, spec).run(container.id, bundle, tty=spec.tty),
        tty=spec.tty,
        stdin=spec.open_stdin,
        stdin_once=spec.stdin_once,
        log=log_request(parts, container),
        rows=terminal.rows,
        columns=terminal.columns,
    )


def _mount_root(parts: Parts, container: Container) -> None:
    execution = parse_execution(container.image_config)
    make_dir = MakeInside(str(parts.paths.rootfs(container.id)), working_dir(container, execution))
    parts.executor.run((*plan_root(container, parts.paths), make_dir))


def _write_bundle(parts: Parts, container: Container, places: _Places, terminal: Terminal) -> None:
    """Write the container's config.json; its root is mounted. Blocking."""
    execution = parse_execution(container.image_config)
    around = _surroundings(parts, container, places, execution.user)
    config = bundle_config(container, execution, around)
    config["process"] = with_console_size(config["process"], terminal.columns, terminal.rows)
    (parts.paths.bundle(container.id) / "config.json").write_text(json.dumps(config))


def _surroundings(parts: Parts, container: Container, places: _Places, image_user: str) -> Surroundings:
    spec = container.spec
    rootfs = str(parts.paths.rootfs(container.id))
    runtime = runtime_of(parts, spec)
    filter_ = seccomp_filter(parts, container)
    files = networking.etc_files(places.attachment)
    return Surroundings(
        host=parts.host,
        rootfs=rootfs,
        user=look_up_user(rootfs, spec.user or image_user, spec.security.group_add),
        cgroups_path=cgroups_path(parts, container),
        hostname=spec.hostname,
        namespaces=_namespaces(container, places),
        files=files,
        devices=_devices(container),
        throttle_nodes={item.path: device_node(item.path, "", "") for item in spec.resources.device_throttles},
        mount_points=container.mount_points,
        targets=make_targets(rootfs, container.mount_points, files),
        seccomp=filter_ if runtime.takes_bpf else replace(filter_, bpf_base64=""),
    )


def _devices(container: Container) -> tuple[DeviceNode, ...]:
    security = container.spec.security
    asked = tuple(_device(item.host_path, item.container_path, item.permissions) for item in security.devices)
    if not security.privileged:
        return asked
    taken = {node.path for node in asked}
    return (*asked, *(node for node in host_devices() if node.path not in taken))


def _device(host_path: str, container_path: str, permissions: str) -> DeviceNode:
    try:
        return device_node(host_path, container_path, permissions)
    except (OSError, ValueError) as error:
        raise InvalidArgument(
            f"{host_path} is not a device of this host", reason="DEVICE_UNKNOWN", metadata={"device": host_path}
        ) from error


def _namespaces(container: Container, places: _Places) -> dict[str, str]:
    """OCI type to path: "" for a new namespace; what stays the host's is left out."""
    spec = container.spec
    namespaces = {"mount": ""}
    if places.attachment.netns_path:
        namespaces["network"] = places.attachment.netns_path
    modes = {"pid": spec.pid_mode, "ipc": spec.ipc_mode, "uts": spec.uts_mode, "cgroup": spec.cgroup_mode}
    for kind, mode in modes.items():
        if kind in places.joined:
            namespaces[kind] = places.joined[kind]
        elif mode != "host":
            namespaces[kind] = ""
    return namespaces
