"""Control groups of containers, read directly: v1, hybrid and v2."""

from pathlib import Path

from strata_runtime.adapters.host import CGROUP_ROOT


class Cgroups:
    """Finds a container's cgroups by the path its bundle names."""

    def __init__(self, version: str, root: Path = CGROUP_ROOT) -> None:
        self._root = root
        self._is_v2 = version == "v2"

    def directory(self, cgroups_path: str, controller: str) -> Path:
        """Directory of a controller for a container."""
        base = self._root if self._is_v2 else self._root / controller
        return base / cgroups_path.lstrip("/")

    def oom_kills(self, cgroups_path: str) -> int:
        """How often the kernel killed in it for want of memory."""
        directory = self.directory(cgroups_path, "memory")
        name = "memory.events" if self._is_v2 else "memory.oom_control"
        return read_table(directory / name).get("oom_kill", 0)

    def pids(self, cgroups_path: str) -> list[int]:
        """Processes in it and below, by ID."""
        directory = self.directory(cgroups_path, "pids")
        found: set[int] = set()
        for path in (directory / "cgroup.procs", *directory.glob("**/cgroup.procs")):
            found.update(map(int, read_text(path).split()))
        return sorted(found)


def read_text(path: Path) -> str:
    """A small file, "" if it is not there (any more)."""
    try:
        return path.read_text()
    except OSError:
        return ""


def read_number(path: Path) -> int:
    """A file with one number; 0 if there is none, also for "max"."""
    text = read_text(path).strip()
    return int(text) if text.lstrip("-").isdecimal() else 0


def read_table(path: Path) -> dict[str, int]:
    """A file of lines "name number"."""
    pairs = (line.partition(" ") for line in read_text(path).splitlines())
    return {name: int(value) for name, _, value in pairs if value.strip().lstrip("-").isdecimal()}
