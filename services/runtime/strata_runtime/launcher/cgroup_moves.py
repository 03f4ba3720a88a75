"""Processes enter their cgroups without waiting for the kernel.

Writing to cgroup.procs takes a lock that, once nobody used it for some milliseconds, costs an RCU grace period: 8 to
16 ms of a container's start, more than all the rest of it. The mount option ``favordynmods`` keeps the lock's quick
way open, and from Linux 6.18 on gives each process a lock of its own; forks and exits pay a few nanoseconds for it.
It is set on the host's cgroup2 mount and stays. Source: kernel, admin-guide/cgroup-v2.rst, "favordynmods".
"""

import os
from pathlib import Path

from strata_runtime.launcher import kernel

OPTION = "favordynmods"
SWITCH = "STRATA_LAUNCHER_FAVORDYNMODS"


def favour() -> bool:
    """Set the option on the host's cgroup2 mount; False if that is not wanted (``SWITCH=no``) or not possible."""
    found = cgroup2_mount(Path("/proc/self/mountinfo").read_text())
    if found is None or os.environ.get(SWITCH, "yes").lower() in {"no", "false", "0"}:
        return False
    path, options = found
    if OPTION in options:
        return True
    try:
        # What is not named again would be taken away.
        kernel.set_superblock_flags(path, (*options, OPTION))
    except OSError:  # before Linux 6.0, or in a cgroup namespace that is not the first
        return False
    return True


def cgroup2_mount(mountinfo: str) -> tuple[str, tuple[str, ...]] | None:
    """Path of the first cgroup2 mount and the options of its superblock. Source: proc(5), /proc/PID/mountinfo."""
    for line in mountinfo.splitlines():
        mount, _, superblock = line.partition(" - ")
        kind, _, options = superblock.split(" ", 2)
        if kind == "cgroup2":
            path = mount.split(" ")[4]
            return path, tuple(option for option in options.split(",") if option not in {"rw", "ro"})
    return None
