"""A mount namespace in which crun works on hosts with mixed cgroup versions.

crun 1.8 takes a host for unusable when a cgroup2 mount beside v1 hierarchies still owns a controller. Giving that
controller a v1 mount, where only the launcher and its children see it, is enough.
"""

import os
from pathlib import Path

from strata_runtime.launcher import kernel

CGROUP_ROOT = Path("/sys/fs/cgroup")


def controllers_left_to_v2(root: Path = CGROUP_ROOT) -> list[str]:
    """Controllers that a hybrid host's cgroup2 mount still owns; empty on pure v1, pure v2 and tidy hybrids."""
    if (root / "cgroup.controllers").exists():
        return []
    listing = root / "unified" / "cgroup.controllers"
    return listing.read_text().split() if listing.exists() else []


def prepare(run_dir: Path) -> list[str]:
    """Make ``run_dir`` a shared mount and, on such hosts, go private; returns the controllers that were mounted."""
    kernel.share_subtree(str(run_dir))
    controllers = controllers_left_to_v2()
    if not controllers:
        return []
    kernel.enter_private_mounts()
    for controller in controllers:
        target = CGROUP_ROOT / controller
        target.mkdir(exist_ok=True)
        if not os.path.ismount(target):
            kernel.mount_cgroup_v1(controller, str(target))
    return controllers
