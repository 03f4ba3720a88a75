"""Taking up the tasks that an earlier launcher left."""

import contextlib
import os
import signal
import time
from pathlib import Path
from typing import Any

from strata_runtime.launcher import kernel, protocol, records, stdio
from strata_runtime.launcher.task import Task

LOST = "the launcher died, and nobody saw how the process ended"
REBOOTED = "the machine was started anew"
_KILL_WAIT_S, _KILL_PAUSE_S = 2.0, 0.01


def surviving_pidfd(directory: Path, record: dict[str, Any]) -> int | None:
    """A pidfd of the process a task's records name, if it is still that process. Closed by the caller."""
    if record.get("boot") != records.boot_id():
        return None
    running = records.read_record(directory, "running.json") or {"pid": records.read_pid(directory)}
    pid, ticks = running["pid"], running.get("start_ticks")
    if pid is None:
        return None
    try:
        pidfd = os.pidfd_open(pid)
    except OSError:
        return None
    found = kernel.start_ticks(pid)
    if found is None or ticks not in (None, found):
        os.close(pidfd)
        return None
    return pidfd


def undo_unfinished_start(directory: Path) -> None:
    """Kill an OCI runtime that is still starting the task, and what it has made of it.

    Nobody waits for it: its caller was told that the launcher went. Left alone it would bring up a process that is
    reported as lost. What it leaves in the container's cgroup is killed with the cgroup.
    """
    if (directory / "running.json").exists():
        return
    deadline = time.monotonic() + _KILL_WAIT_S
    while (starters := _starters(str(directory / "pid"))) and time.monotonic() < deadline:
        for pid in starters:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(_KILL_PAUSE_S)


def _starters(pid_file: str) -> list[int]:
    """Processes with a task's pid file among their arguments: the OCI runtime, and a first process not yet executed."""
    argument = os.fsencode(pid_file)
    found = []
    for name in os.listdir("/proc"):  # noqa: PTH208 -- thousands of names, in the launcher
        with contextlib.suppress(OSError):
            if name.isdigit() and argument in Path(f"/proc/{name}/cmdline").read_bytes().split(b"\0"):
                found.append(int(name))
    return found


def reopen_streams(task: Task) -> None:
    """Read the outputs again that have names; terminals and inputs went with their holder."""
    for stream, name in ((protocol.STDOUT, "stdout"), (protocol.STDERR, "stderr")):
        with contextlib.suppress(FileNotFoundError):
            task.streams.add_output(stdio.open_output(task.directory, name), stream)


def lost_reason(spec: dict[str, Any]) -> str:
    """Why a task that is not there any more has no status."""
    return LOST if spec.get("boot") == records.boot_id() else REBOOTED
