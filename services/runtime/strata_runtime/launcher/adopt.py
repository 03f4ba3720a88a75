"""Taking up the tasks that an earlier launcher left."""

import contextlib
import os
from pathlib import Path
from typing import Any

from strata_runtime.launcher import kernel, protocol, records, stdio
from strata_runtime.launcher.task import Task

LOST = "the launcher died, and nobody saw how the process ended"
REBOOTED = "the machine was started anew"


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


def reopen_streams(task: Task) -> None:
    """Read the outputs again that have names; terminals and inputs went with their holder."""
    for stream, name in ((protocol.STDOUT, "stdout"), (protocol.STDERR, "stderr")):
        with contextlib.suppress(FileNotFoundError):
            task.streams.add_output(stdio.open_output(task.directory, name), stream)


def lost_reason(spec: dict[str, Any]) -> str:
    """Why a task that is not there any more has no status."""
    return LOST if spec.get("boot") == records.boot_id() else REBOOTED
