"""Daemons by pid file: start one, tell whether it still runs, end it, without ever mistaking a recycled pid."""

import contextlib
import os
import select
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_START_TIME_FIELD = 19  # of /proc/PID/stat, counted from the field after the command's closing parenthesis


@dataclass(frozen=True)
class Process:
    """A process by pid and start time: the pair is never used twice between two boots."""

    pid: int
    start_time: int

    @classmethod
    def of(cls, pid: int) -> Self | None:
        """The live process with this pid, None when there is none (a zombie counts as none)."""
        try:
            stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            return None
        fields = stat.rpartition(")")[2].split()
        return None if fields[0] in "ZX" else cls(pid, int(fields[_START_TIME_FIELD]))

    def is_alive(self) -> bool:
        """Whether this very process still runs."""
        return Process.of(self.pid) == self


def read_pid_file(path: Path) -> Process | None:
    """The process a pid file names, when it still runs."""
    try:
        pid, start_time = path.read_text(encoding="ascii").split()
        process = Process(int(pid), int(start_time))
    except (FileNotFoundError, ValueError):
        return None
    return process if process.is_alive() else None


def write_pid_file(path: Path, process: Process) -> None:
    """Record ``process``; readers see the old file or the new one, never half of it."""
    fresh = path.with_suffix(".pid.new")
    fresh.write_text(f"{process.pid} {process.start_time}\n", encoding="ascii")
    fresh.replace(path)


def start_daemon(command: Sequence[str], log: Path, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start ``command`` in a session of its own, its output appended to ``log``."""
    with log.open("ab") as sink:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            cwd="/",
            env=dict(environment),
            start_new_session=True,
        )


def end(process: Process, grace_s: float) -> bool:
    """Ask ``process`` to end and wait; kill it when ``grace_s`` is over. True when it ended by itself."""
    with contextlib.ExitStack() as stack:
        try:
            pidfd = os.pidfd_open(process.pid)
        except ProcessLookupError:
            return True
        stack.callback(os.close, pidfd)
        if not process.is_alive():
            return True
        signal.pidfd_send_signal(pidfd, signal.SIGTERM)
        if _has_ended(pidfd, grace_s):
            return True
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        _has_ended(pidfd, grace_s)
        return False


def _has_ended(pidfd: int, timeout_s: float) -> bool:
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return bool(poll.poll(int(timeout_s * 1000)))
