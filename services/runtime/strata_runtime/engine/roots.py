"""A container's root, mounted for as long as it is needed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from strata_runtime.adapters.files.changes import PrivateLayer
from strata_runtime.adapters.files.lower import Lower
from strata_runtime.adapters.mounts.overlay import TREE
from strata_runtime.core.container.record import Container
from strata_runtime.core.plan import plan_root, plan_unmount
from strata_runtime.engine.entry import Entry
from strata_runtime.engine.parts import Parts

MOUNTED_OVER = frozenset({"/dev", "/etc/hostname", "/etc/hosts", "/etc/resolv.conf", "/proc", "/sys"})


@asynccontextmanager
async def mounted_root(parts: Parts, entry: Entry) -> AsyncIterator[Container]:
    """The root is mounted within the block; a container that does not run is not started meanwhile."""
    if entry.container.state.is_live:
        yield entry.container
        return
    async with entry.lock:
        was_ready = entry.is_root_ready
        if not was_ready:
            await parts.threads.run(parts.executor.run, plan_root(entry.container, parts.paths))
        try:
            yield entry.container
        finally:
            if not was_ready and not entry.container.state.is_live:
                await parts.threads.run(parts.executor.run, plan_unmount(entry.container, parts.paths))


def private_layer(parts: Parts, container: Container) -> PrivateLayer:
    """Where a container's changes are; its root is mounted."""
    image = container.image_mount
    if image.meta is not None and parts.overlays.strategy == "hybrid":
        roots = [parts.paths.layer(image.meta.key)]
    else:
        roots = [parts.paths.layer(layer.key) / TREE for layer in reversed(image.layers)]
    return PrivateLayer(
        upper=str(parts.paths.upper(container.id)),
        lower=Lower(roots),
        merged=str(parts.paths.rootfs(container.id)),
        made_for_it=MOUNTED_OVER,
    )
