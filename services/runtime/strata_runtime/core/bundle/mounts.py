"""The mounts of a bundle: the kernel's file systems, the files of /etc, and what the user asked for."""

from collections.abc import Iterable
from typing import Any

from strata_runtime.core.container.mount import Mount, MountPoint, MountType
from strata_runtime.core.container.spec import ContainerSpec

DEFAULT_SHM_BYTES = 64 << 20

_PROC = {"destination": "/proc", "type": "proc", "source": "proc", "options": ["nosuid", "noexec", "nodev"]}
_DEV = {
    "destination": "/dev",
    "type": "tmpfs",
    "source": "tmpfs",
    "options": ["nosuid", "strictatime", "mode=755", "size=65536k"],
}
_PTS = {
    "destination": "/dev/pts",
    "type": "devpts",
    "source": "devpts",
    "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
}
_MQUEUE = {
    "destination": "/dev/mqueue",
    "type": "mqueue",
    "source": "mqueue",
    "options": ["nosuid", "noexec", "nodev"],
}


def kernel_mounts(spec: ContainerSpec, *, host_network: bool) -> list[dict[str, Any]]:
    """File systems of the kernel. A container in the host's network sees the host's /sys, read-only."""
    access = "rw" if spec.security.privileged else "ro"
    sysfs: dict[str, Any] = {
        "destination": "/sys",
        "type": "sysfs",
        "source": "sysfs",
        "options": ["nosuid", "noexec", "nodev", access],
    }
    if host_network:
        sysfs |= {"type": "bind", "source": "/sys", "options": ["rbind", "nosuid", "noexec", "nodev", access]}
    cgroup = {
        "destination": "/sys/fs/cgroup",
        "type": "cgroup",
        "source": "cgroup",
        "options": ["nosuid", "noexec", "nodev", "relatime", access],
    }
    return [_PROC, _DEV, _PTS, sysfs, cgroup, *_ipc_mounts(spec)]


def _ipc_mounts(spec: ContainerSpec) -> list[dict[str, Any]]:
    if spec.ipc_mode == "host":
        return [
            {"destination": "/dev/shm", "type": "bind", "source": "/dev/shm", "options": ["rbind", "rw"]},  # noqa: S108
            {"destination": "/dev/mqueue", "type": "bind", "source": "/dev/mqueue", "options": ["rbind", "rw"]},
        ]
    size = spec.shm_size_bytes or DEFAULT_SHM_BYTES
    shm = {
        "destination": "/dev/shm",  # noqa: S108 -- the container's own
        "type": "tmpfs",
        "source": "shm",
        "options": ["nosuid", "noexec", "nodev", "mode=1777", f"size={size}"],
    }
    return [_MQUEUE, shm]


def file_mounts(files: Iterable[tuple[str, str]], *, read_only: bool) -> list[dict[str, Any]]:
    """Single files of the host over the container's own: pairs of source and destination."""
    access = "ro" if read_only else "rw"
    return [
        {"destination": destination, "type": "bind", "source": source, "options": ["bind", "rprivate", access]}
        for source, destination in files
    ]


def user_mounts(points: Iterable[MountPoint], wishes: Iterable[Mount]) -> list[dict[str, Any]]:
    """What the user asked for, parents before what lies in them."""
    by_target = {wish.target: wish for wish in wishes}
    ordered = sorted(points, key=lambda point: point.destination.rstrip("/").count("/"))
    return [_user_mount(point, by_target.get(point.destination)) for point in ordered]


def _user_mount(point: MountPoint, wish: Mount | None) -> dict[str, Any]:
    access = "rw" if point.writable else "ro"
    if point.type is MountType.TMPFS:
        return {
            "destination": point.destination,
            "type": "tmpfs",
            "source": "tmpfs",
            "options": [*_tmpfs_options(wish or Mount(MountType.TMPFS)), access],
        }
    bind = "bind" if wish is not None and wish.non_recursive else "rbind"
    options = [bind, point.propagation or "rprivate", access]
    return {"destination": point.destination, "type": "bind", "source": point.source, "options": options}


def _tmpfs_options(wish: Mount) -> list[str]:
    options = ["nosuid", "nodev", *(() if "exec" in wish.tmpfs_options else ("noexec",))]
    options += [option for option in wish.tmpfs_options if option not in options and option != "exec"]
    if wish.tmpfs_size_bytes:
        options.append(f"size={wish.tmpfs_size_bytes}")
    if wish.tmpfs_mode:
        options.append(f"mode={wish.tmpfs_mode:o}")
    return options
