"""UpdateContainer: limits, restart policy, published ports, mounts."""

import dataclasses
import json
from dataclasses import dataclass, replace

from strata_chassis.errors import FailedPrecondition, Internal
from strata_runtime.core.bundle.resources import resources_value
from strata_runtime.core.checks import check_spec
from strata_runtime.core.container.mount import Mount
from strata_runtime.core.container.network import PortMapping
from strata_runtime.core.container.record import Container
from strata_runtime.core.container.resources import Resources
from strata_runtime.core.container.spec import RestartPolicy
from strata_runtime.core.defaults import parse_execution
from strata_runtime.core.event import container_event
from strata_runtime.engine import mounting, networking
from strata_runtime.engine.entry import Entry
from strata_runtime.engine.parts import Parts
from strata_runtime.engine.settings import runtime_of


@dataclass(frozen=True, slots=True)
class Update:
    """What is to change; None leaves it as it is."""

    resources: Resources | None = None
    restart_policy: RestartPolicy | None = None
    ports: tuple[PortMapping, ...] | None = None
    mounts: tuple[Mount, ...] | None = None


async def update(parts: Parts, entry: Entry, change: Update) -> None:
    """Change a container; one that runs gets new limits and ports at once. A StrataError leaves it as it was."""
    async with entry.lock:
        container = entry.container
        if change.mounts is not None and container.state.is_live:
            raise FailedPrecondition(
                f"container {container.name} runs: its mounts can be changed once it has stopped",
                reason="CONTAINER_RUNNING",
                metadata={"container": container.id},
            )
        changed = _with_spec(container, change)
        check_spec(changed.spec, parts.host)
        if change.mounts is not None:
            points, made = await parts.threads.run(
                mounting.resolve_mounts, parts, changed.spec, parse_execution(container.image_config)
            )
            mounting.save_volumes(parts, made)
            changed = replace(changed, mount_points=tuple(points))
        if container.state.is_live:
            changed = await _apply(parts, changed, change)
        entry.container = changed
        parts.journal.save(changed, container_event(changed, "update", parts.now()))
        await parts.journal.flushed()


def merged_resources(before: Resources, change: Resources) -> Resources:
    """Limits with those that were given; 0, "" and None leave what was there."""
    given = {
        field.name: value
        for field in dataclasses.fields(change)
        if (value := getattr(change, field.name)) not in (0, "", (), None, False)
    }
    return replace(before, **given)


def _with_spec(container: Container, change: Update) -> Container:
    spec = container.spec
    if change.resources is not None:
        spec = replace(spec, resources=merged_resources(spec.resources, change.resources))
    if change.restart_policy is not None:
        spec = replace(spec, restart_policy=change.restart_policy)
    if change.ports is not None:
        spec = replace(spec, ports=change.ports)
    if change.mounts is not None:
        spec = replace(spec, mounts=change.mounts)
    return replace(container, spec=spec)


async def _apply(parts: Parts, container: Container, change: Update) -> Container:
    if change.resources is not None:
        await _limit(parts, container)
    if change.ports is None:
        return container
    published = tuple(networking.published(port) for port in change.ports)
    return networking.attached(container, await parts.network.republish(container.id, published))


async def _limit(parts: Parts, container: Container) -> None:
    path = parts.paths.bundle(container.id) / "resources.json"
    value = resources_value(container.spec.resources, parts.host)
    await parts.threads.run(path.write_text, json.dumps(value))
    command = runtime_of(parts, container.spec).update(container.id, str(path))
    status, said = await parts.launcher.run_command(command)
    if status != 0:
        raise Internal(f"the limits could not be changed: {said.strip()}", reason="OCI_RUNTIME_FAILED")
