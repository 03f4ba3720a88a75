"""Facts of this machine that decide how containers are set up."""

import os
import resource
import shutil
from pathlib import Path

from strata_runtime.core.bundle.capabilities import from_mask
from strata_runtime.core.bundle.host import DeviceNode, Host

CGROUP_ROOT = Path("/sys/fs/cgroup")
_INITS = ("docker-init", "tini-static", "tini", "catatonit", "dumb-init")
_NOT_OF_DEVICES = frozenset({"pts", "shm", "fd", "mqueue", ".lxc", ".lxd-mounts", ".udev"})
_MADE_BY_RUNTIME = ("null", "zero", "full", "random", "urandom", "tty", "console", "ptmx")


def probe_host(root: Path = CGROUP_ROOT) -> Host:
    """Look at the machine once, at start."""
    version = cgroup_version(root)
    return Host(
        cgroup_version=version,
        has_swap_limit=_has_swap_limit(root, version),
        capabilities=from_mask(int(_status_field("CapBnd"), 16)),
        oom_score_adj_least=int(Path("/proc/self/oom_score_adj").read_text()),
        nofile_hard=resource.getrlimit(resource.RLIMIT_NOFILE)[1],
        online_cpus=os.cpu_count() or 1,
        memory_bytes=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        has_apparmor=Path("/sys/kernel/security/apparmor").is_dir(),
        init_path=next((path for name in _INITS if (path := shutil.which(name))), ""),
    )


def cgroup_version(root: Path = CGROUP_ROOT) -> str:
    """Which cgroups the host has: "v1", "hybrid" or "v2"."""
    if (root / "cgroup.controllers").exists():
        return "v2"
    return "hybrid" if (root / "unified" / "cgroup.procs").exists() else "v1"


def host_devices(root: Path = Path("/dev")) -> tuple[DeviceNode, ...]:
    """All devices of the host that a privileged container is given. Source: containerd, oci.HostDevices."""
    found: list[DeviceNode] = []
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name not in _NOT_OF_DEVICES]
        paths = sorted(f"{folder}/{name}" for name in names)
        found += [node for path in paths if not os.path.islink(path) and (node := _device_or_none(path))]  # noqa: PTH114
    own = {str(root / name) for name in _MADE_BY_RUNTIME}
    return tuple(node for node in found if node.type != "p" and node.path not in own)


def _device_or_none(path: str) -> DeviceNode | None:
    try:
        return device_node(path, "", "")
    except (OSError, ValueError):
        return None  # a socket or a file, or gone meanwhile


def device_node(path: str, inside: str, permissions: str) -> DeviceNode:
    """A device of the host as a container is to see it. Raises OSError; ValueError if it is none."""
    status = os.stat(path)  # noqa: PTH116
    kinds = {0o020000: "c", 0o060000: "b", 0o010000: "p"}
    kind = kinds.get(status.st_mode & 0o170000)
    if kind is None:
        raise ValueError(path)
    return DeviceNode(
        path=inside or path,
        type=kind,
        major=os.major(status.st_rdev),
        minor=os.minor(status.st_rdev),
        file_mode=status.st_mode & 0o777,
        uid=status.st_uid,
        gid=status.st_gid,
        permissions=permissions or "rwm",
    )


def _has_swap_limit(root: Path, version: str) -> bool:
    if version == "v2":
        return True
    return (root / "memory" / "memory.memsw.limit_in_bytes").exists()


def _status_field(name: str) -> str:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return line.partition(":")[2].strip()
    return "0"
