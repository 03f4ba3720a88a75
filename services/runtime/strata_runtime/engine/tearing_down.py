"""The end of a suite: the host is as it was before."""

import logging

from strata_chassis.errors import FailedPrecondition, StrataError
from strata_runtime.adapters.executor import unmount_self_bind
from strata_runtime.adapters.launcher_client import Leftovers
from strata_runtime.engine.parts import Parts

_log = logging.getLogger(__name__)


async def tear_down(parts: Parts) -> None:
    """Give back what containers share. Raises FailedPrecondition while there are any."""
    if len(parts.containers):
        raise FailedPrecondition(
            f"there are still {len(parts.containers)} containers: remove them first", reason="CONTAINERS_LEFT"
        )
    await parts.network.teardown()
    await parts.threads.run(parts.layers.sweep, 0.0)
    await _clean_up(parts)
    await parts.threads.run(unmount_self_bind, str(parts.paths.run_dir))


async def _clean_up(parts: Parts) -> None:
    """Remove the cgroup that the containers' were in; without a launcher it stays, empty."""
    leftovers = Leftovers(parts.settings.cgroup_parent, str(parts.paths.oci_runtime_root / "none"))
    try:
        await parts.launcher.clean(leftovers)
    except StrataError as error:
        _log.warning("the cgroup %s stays: %s", parts.settings.cgroup_parent, error)
