"""Signals to processes that may be gone, or whose number may be another's by now."""

import contextlib
import os
import signal
from pathlib import Path


def send_signal(pid: int, container_id: str, number: int) -> bool:
    """Signal a process of a container; False if it is gone."""
    try:
        descriptor = os.pidfd_open(pid)
    except OSError:
        return False
    try:
        if container_id not in _cgroups(pid):
            return False
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(descriptor, number)
            return True
        return False
    finally:
        os.close(descriptor)


def _cgroups(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cgroup").read_text()
    except OSError:
        return ""


def boot_id() -> str:
    """Name of this boot."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
