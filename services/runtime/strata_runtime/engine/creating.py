"""CreateContainer: a lease, a root, a record; nothing is left of one that fails."""

import asyncio
from dataclasses import replace

from strata_chassis.errors import Conflict
from strata_runtime.core.bundle.config import working_dir
from strata_runtime.core.bundle.process import arguments
from strata_runtime.core.checks import check_spec
from strata_runtime.core.container.record import Container, State
from strata_runtime.core.container.spec import ContainerSpec
from strata_runtime.core.defaults import parse_execution, with_defaults
from strata_runtime.core.event import container_event
from strata_runtime.core.names import new_id
from strata_runtime.core.operations import MakeInside
from strata_runtime.core.plan import plan_removal, plan_root
from strata_runtime.core.volume import Volume
from strata_runtime.engine import mounting
from strata_runtime.engine.entry import Entry
from strata_runtime.engine.parts import Parts
from strata_runtime.engine.settings import runtime_of


async def create(parts: Parts, spec: ContainerSpec, request_id: str = "") -> Entry:
    """Make a container. A repeated request finds what the first one made."""
    made_before = parts.containers.by_request(request_id)
    if made_before is not None:
        return made_before
    check_spec(spec, parts.host)
    runtime_of(parts, spec)
    container_id = new_id()
    name = parts.containers.reserve_name(spec.name, container_id)
    try:
        return await _create(parts, replace(spec, name=name), container_id, request_id)
    except BaseException:
        parts.containers.release_name(name)
        raise


async def _create(parts: Parts, spec: ContainerSpec, container_id: str, request_id: str) -> Entry:
    image = await parts.store.lease_image(spec.image_digest or spec.image, container_id)
    execution = parse_execution(image.config)
    container = Container(
        id=container_id,
        name=spec.name,
        spec=with_defaults(replace(spec, image_digest=image.digest), execution, container_id),
        state=State.CREATED,
        create_time=parts.now(),
        image_id=image.image_id,
        image_mount=image.mount,
        image_config=image.config,
        request_id=request_id,
    )
    volumes: list[Volume] = []
    try:
        container = replace(container, args=arguments(spec, execution))
        parts.journal.save(container)  # its way to the disk and the mounts overlap
        container, volumes = await parts.threads.run(_prepare, parts, container)
        if container.mount_points:
            mounting.save_volumes(parts, volumes)
            parts.journal.save(container)
        await parts.journal.flushed()
        parts.journal.record(container_event(container, "create", parts.now()))
    except BaseException:
        await asyncio.shield(_discard(parts, container, volumes))
        raise
    if parts.containers.by_request(request_id) is not None:
        await asyncio.shield(_discard(parts, container, volumes))
        raise Conflict("the same request is being carried out already", reason="REQUEST_IN_PROGRESS")
    entry = parts.containers.add(container)
    entry.is_root_ready = True
    return entry


def _prepare(parts: Parts, container: Container) -> tuple[Container, list[Volume]]:
    """Everything on the disk, in one go."""
    execution = parse_execution(container.image_config)
    points, made = mounting.resolve_mounts(parts, container.spec, execution)
    rootfs = str(parts.paths.rootfs(container.id))
    try:
        parts.executor.run((*plan_root(container, parts.paths), MakeInside(rootfs, working_dir(container, execution))))
        if made:
            mounting.fill_volumes(rootfs, points, container.spec.mounts, made)
    except BaseException:
        mounting.remove_made(parts, made)
        raise
    return replace(container, mount_points=tuple(points)), made


async def _discard(parts: Parts, container: Container, volumes: list[Volume]) -> None:
    parts.journal.delete(container.id)
    mounting.forget_volumes(parts, volumes)
    await parts.threads.run(mounting.remove_made, parts, volumes)
    await parts.threads.run(parts.executor.run, plan_removal(container, parts.paths))
    await parts.store.end_lease(container.id)
