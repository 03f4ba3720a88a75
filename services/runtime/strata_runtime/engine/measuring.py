"""Statistics and processes of containers."""

import asyncio
from collections.abc import AsyncIterator, Collection
from dataclasses import replace

from strata_runtime.adapters.measures import Subject, list_processes, measure, proportional_bytes
from strata_runtime.adapters.mounts.resident import resident_by_key
from strata_runtime.core.container.record import Container
from strata_runtime.core.stats import ContainerStats, ProcessInfo
from strata_runtime.engine.parts import Parts
from strata_runtime.engine.settings import cgroups_path
from strata_runtime.engine.stopping import not_running

_MEMORY_WITHIN_S = 2.0


async def processes(parts: Parts, container: Container) -> list[ProcessInfo]:
    """Processes of a running container. Raises FailedPrecondition."""
    if not container.state.is_live:
        raise not_running(container)
    path = cgroups_path(parts, container)
    return await parts.threads.run(lambda: list_processes(parts.cgroups.pids(path)))


async def stats(
    parts: Parts, references: tuple[str, ...], interval_s: float | None, *, with_pss: bool = False
) -> AsyncIterator[list[ContainerStats]]:
    """Measurements of the named containers, or of all that run; once, or at an interval until the caller goes."""
    entries = [parts.containers.find(reference) for reference in references]
    while True:
        chosen = entries or list(parts.containers)
        live = [entry.container for entry in chosen if entry.container.state.is_live]
        measured = await parts.threads.run(_measure_all, parts, live)
        yield await parts.memory_thread.run(_with_pss, parts, live, measured) if with_pss else measured
        if interval_s is None:
            return
        await asyncio.sleep(interval_s)


async def layers_in_memory(parts: Parts, metas: Collection[str]) -> dict[str, int]:
    """Bytes in memory of the mounted layers by key, but of ``metas``; one thread asks, the most used layers first."""
    users = parts.layers.users_by_key()
    keys = sorted(users.keys() - set(metas), key=lambda key: (-users[key], key))
    points = [(key, parts.paths.layer(key)) for key in keys]
    return await parts.memory_thread.run(resident_by_key, points, _MEMORY_WITHIN_S)


def _with_pss(parts: Parts, containers: list[Container], measured: list[ContainerStats]) -> list[ContainerStats]:
    return [
        replace(one, pss_bytes=proportional_bytes(parts.cgroups.pids(cgroups_path(parts, container))))
        for one, container in zip(measured, containers, strict=True)
    ]


def _measure_all(parts: Parts, containers: list[Container]) -> list[ContainerStats]:
    return [
        measure(
            Subject(container.id, container.name, container.pid, cgroups_path(parts, container)),
            parts.cgroups,
            parts.host,
        )
        for container in containers
    ]
