"""The end of a suite: the host is as it was before."""

from strata_chassis.errors import FailedPrecondition
from strata_runtime.adapters.executor import unmount_self_bind
from strata_runtime.engine.parts import Parts


async def tear_down(parts: Parts) -> None:
    """Give back what containers share. Raises FailedPrecondition while there are any."""
    if len(parts.containers):
        raise FailedPrecondition(
            f"there are still {len(parts.containers)} containers: remove them first", reason="CONTAINERS_LEFT"
        )
    await parts.network.teardown()
    await parts.threads.run(parts.layers.sweep, 0.0)
    await parts.threads.run(parts.cgroups.remove_parent, parts.settings.cgroup_parent)
    await parts.threads.run(unmount_self_bind, str(parts.paths.run_dir))
