"""What the launcher writes down so that no exit status and no output is lost with it.

One directory per task under ``<run_dir>/launcher``: ``task.json`` (what to run), the FIFOs, ``pid`` (written by the
OCI runtime), ``running.json`` (the process, told from a later one by its start time) and ``exit.json``. Records are
renamed into place and not fsynced: they have to survive the death of processes; after a reboot no container runs.
"""

import contextlib
import json
import os
from pathlib import Path
from typing import Any, cast


def boot_id() -> str:
    """Name of this boot: records of another one are of processes long gone."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def write_record(directory: Path, name: str, value: dict[str, Any]) -> None:
    """Put one record in place, whole or not at all."""
    temporary = directory / f".{name}.new"
    temporary.write_text(json.dumps(value))
    temporary.rename(directory / name)


def read_record(directory: Path, name: str) -> dict[str, Any] | None:
    """One record, or None if it is not there, or is none: a torn one is worth as little."""
    try:
        record = json.loads((directory / name).read_bytes())
    except (FileNotFoundError, ValueError):
        return None
    return cast("dict[str, Any]", record) if isinstance(record, dict) else None


def read_pid(directory: Path) -> int | None:
    """Process id that the OCI runtime left in its pid file."""
    with contextlib.suppress(OSError, ValueError):
        return int((directory / "pid").read_text())
    return None


def make_task_directory(root: Path, task_id: str, spec: dict[str, Any]) -> Path:
    """Directory of a new task, its first record in it. Raises FileExistsError for a task that is there already."""
    directory = task_directory(root, task_id)
    directory.mkdir(mode=0o700)
    try:
        write_record(directory, "task.json", {"boot": boot_id(), **spec})
    except BaseException:
        remove_task_directory(directory)
        raise
    return directory


def task_directory(root: Path, task_id: str) -> Path:
    """Where a task's records lie. Raises ValueError for an id that is no plain file name."""
    if not task_id or task_id.startswith(".") or "/" in task_id:
        message = f"not a task id: {task_id!r}"
        raise ValueError(message)
    return root / task_id


def task_directories(root: Path) -> list[Path]:
    """Directories of all tasks."""
    return [Path(entry.path) for entry in os.scandir(root) if entry.is_dir()]


def remove_task_directory(directory: Path) -> None:
    """Forget a task."""
    with contextlib.suppress(FileNotFoundError):
        for entry in os.scandir(directory):
            os.unlink(entry.path)  # noqa: PTH108 -- there are only files in it
        directory.rmdir()
