"""What an OCI runtime leaves of a container that has ended: cgroups and a state directory.

``crun delete`` and ``runc delete`` do the same, at the price of a process each; they are used where this fails.
"""

import contextlib
import os
from pathlib import Path

from strata_runtime.launcher.namespace import CGROUP_ROOT


def remove_leftovers(cgroups_path: str, state_directory: str, root: Path = CGROUP_ROOT) -> bool:
    """Remove both; False if something is still in use. Raises ValueError for a path that is none of a container."""
    relative = cgroups_path.strip("/")
    if not relative or ".." in relative.split("/"):
        message = f"not a cgroup of a container: {cgroups_path!r}"
        raise ValueError(message)
    hierarchies = [root] if (root / "cgroup.controllers").exists() else _hierarchies(root)
    if not all([_remove_cgroup(f"{hierarchy}/{relative}") for hierarchy in hierarchies]):  # noqa: C419 -- try them all
        return False
    _remove_files(state_directory)
    return True


def _hierarchies(root: Path) -> list[str]:
    return [entry.path for entry in os.scandir(root) if entry.is_dir(follow_symlinks=False)]


def _remove_cgroup(path: str) -> bool:
    """Remove a cgroup and those in it; False if it has processes."""
    try:
        for entry in os.scandir(path):
            if entry.is_dir(follow_symlinks=False) and not _remove_cgroup(entry.path):
                return False
        os.rmdir(path)  # noqa: PTH106 -- strings are enough
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def _remove_files(directory: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        for entry in os.scandir(directory):
            os.unlink(entry.path)  # noqa: PTH108 -- a state directory is flat
        os.rmdir(directory)  # noqa: PTH106
