"""What ``strata doctor`` has to know of a host. Everything is read; nothing is changed or tried out."""

import os
import shutil
from pathlib import Path
from typing import NamedTuple

_PROGRAMS = ("crun", "runc", "nft")
_CONTROLLERS_FILE = "sys/fs/cgroup/cgroup.controllers"
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Folder(NamedTuple):
    """Where something is kept: its nearest directory that exists, and what is free there."""

    path: str
    filesystem: str
    free_bytes: int
    free_inodes: int
    total_inodes: int
    is_reachable: bool


class Facts(NamedTuple):
    """The host as it is."""

    is_root: bool
    kernel: tuple[int, int]
    kernel_release: str
    filesystems: frozenset[str]
    modules_dir: bool
    cgroup_version: str
    controllers: frozenset[str]
    namespaces: frozenset[str]
    has_seccomp: bool
    has_loop: bool
    forwards_ipv4: bool
    programs: dict[str, str]
    has_account: bool
    nofile_limit: int
    memory_bytes: int
    state: Folder
    run: Folder


def read_facts(root: Path, state_dir: Path, run_dir: Path) -> Facts:
    """Look at the host whose ``/proc`` and ``/sys`` are below ``root``."""
    release = os.uname().release if root == Path("/") else _text(root / "proc/sys/kernel/osrelease").strip()
    version, controllers = _cgroups(root)
    return Facts(
        is_root=os.geteuid() == 0,
        kernel=_version(release),
        kernel_release=release,
        filesystems=frozenset(
            line.split()[-1] for line in _text(root / "proc/filesystems").splitlines() if line.strip()
        ),
        modules_dir=(root / "lib/modules" / release).is_dir(),
        cgroup_version=version,
        controllers=controllers,
        namespaces=frozenset(_names(root / "proc/self/ns")),
        has_seccomp="errno" in _text(root / "proc/sys/kernel/seccomp/actions_avail").split(),
        has_loop=(root / "dev/loop-control").exists(),
        forwards_ipv4=_text(root / "proc/sys/net/ipv4/ip_forward").strip() == "1",
        programs={name: shutil.which(name, path=_PATH) or "" for name in _PROGRAMS},
        has_account=any(line.startswith("strata:") for line in _text(root / "etc/passwd").splitlines()),
        nofile_limit=_nofile_limit(),
        memory_bytes=_memory(root),
        state=read_folder(state_dir, root),
        run=read_folder(run_dir, root),
    )


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _names(path: Path) -> list[str]:
    try:
        return os.listdir(path)  # noqa: PTH208
    except OSError:
        return []


def _version(release: str) -> tuple[int, int]:
    numbers = [int(part) if part.isdigit() else 0 for part in release.split("-", maxsplit=1)[0].split(".")[:2]]
    return (numbers[0], numbers[1]) if len(numbers) == 2 else (0, 0)  # noqa: PLR2004


def _cgroups(root: Path) -> tuple[str, frozenset[str]]:
    """Version of the hierarchy and its controllers: "v2" where the unified one is all there is."""
    unified = root / _CONTROLLERS_FILE
    if unified.exists():
        return "v2", frozenset(_text(unified).split())
    rows = (line.split() for line in _text(root / "proc/cgroups").splitlines() if not line.startswith("#"))
    enabled = frozenset(row[0] for row in rows if len(row) == 4 and row[3] == "1")  # noqa: PLR2004
    has_unified = (root / "sys/fs/cgroup/unified").is_dir()
    return ("hybrid" if has_unified else "v1") if enabled else "", enabled


def _nofile_limit() -> int:
    import resource

    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return 2**31 if hard == resource.RLIM_INFINITY else hard


def _memory(root: Path) -> int:
    for line in _text(root / "proc/meminfo").splitlines():
        if line.startswith("MemTotal:"):
            return int(line.split()[1]) * 1024
    return 0


def read_folder(path: Path, root: Path) -> Folder:
    """Look at a folder, or at the nearest one above it if it is still to be made."""
    while not path.is_dir() and path != path.parent:
        path = path.parent
    space = os.statvfs(path)
    closed = [folder for folder in (path, *path.parents) if not folder.stat().st_mode & 0o001]
    return Folder(
        path=str(path),
        filesystem=_filesystem(path, root),
        free_bytes=space.f_bavail * space.f_frsize,
        free_inodes=space.f_favail,
        total_inodes=space.f_files,
        is_reachable=not closed or path.stat().st_uid != 0,
    )


def _filesystem(path: Path, root: Path) -> str:
    """Kind of the file system that a path lies on: that of the mount with its device number. Source: proc(5)."""
    device = path.stat().st_dev
    wanted = f"{os.major(device)}:{os.minor(device)}"
    for line in _text(root / "proc/self/mountinfo").splitlines():
        fields, _, described = line.partition(" - ")
        if fields.split()[2:3] == [wanted]:
            return described.split()[0]
    return ""
