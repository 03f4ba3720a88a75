"""A mount namespace in which crun works on hosts with mixed cgroup versions.

crun 1.8 takes a host for unusable when a cgroup2 mount beside v1 hierarchies still owns a controller. Giving that
controller a v1 mount, where only the launcher and its children see it, is enough.
"""

from pathlib import Path

from strata_runtime.launcher import kernel

CGROUP_ROOT = Path("/sys/fs/cgroup")


def is_hybrid(root: Path = CGROUP_ROOT) -> bool:
    """Whether the host mixes v1 hierarchies with a cgroup2 mount beside them."""
    return not (root / "cgroup.controllers").exists() and (root / "unified" / "cgroup.controllers").exists()


def controllers_without_mount(root: Path = CGROUP_ROOT, memberships: str | None = None) -> list[str]:
    """Controllers that no v1 mount below ``root`` serves.

    Those the cgroup2 mount owns, and those of a v1 hierarchy that only another process sees: a launcher in a mount
    namespace of its own keeps it alive.
    """
    owned = (root / "unified" / "cgroup.controllers").read_text().split()
    lines = (Path("/proc/self/cgroup").read_text() if memberships is None else memberships).splitlines()
    v1 = [name for line in lines for name in line.split(":")[1].split(",") if name and not name.startswith("name=")]
    return [name for name in dict.fromkeys((*owned, *v1)) if not kernel.is_mount_point(str(root / name))]


def prepare(run_dir: Path) -> list[str]:
    """Make ``run_dir`` a shared mount and, on such hosts, go private; returns the controllers that were mounted."""
    kernel.share_subtree(str(run_dir))
    if not is_hybrid():
        return []
    controllers = controllers_without_mount()
    if controllers:
        kernel.enter_private_mounts()
    for controller in controllers:
        target = CGROUP_ROOT / controller
        target.mkdir(exist_ok=True)
        kernel.mount_cgroup_v1(controller, str(target))
    return controllers


def check_root() -> None:
    """Refuse to run below a plain chroot: what enters a container's namespaces would come out in the host's root.

    Raises RuntimeError.
    """
    if not kernel.is_mount_point("/"):
        raise RuntimeError("the root directory is not a mount point (a chroot?): containers could not be confined")
    try:
        same_namespace = Path("/proc/1/ns/mnt").stat().st_ino == Path("/proc/self/ns/mnt").stat().st_ino
        init_root = Path("/proc/1/root").stat()
    except OSError:
        return
    root = Path("/").stat()
    if same_namespace and (init_root.st_dev, init_root.st_ino) != (root.st_dev, root.st_ino):
        raise RuntimeError("the root directory is not its mount namespace's (a chroot): containers could leave it")
