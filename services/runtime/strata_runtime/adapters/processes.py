"""Processes of containers that may be gone, or whose number may be another's by now."""

import contextlib
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_MOST_CGROUP_BYTES = 1 << 16


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


def open_of_process(pid: int, container_id: str, name: str, flags: int) -> int:
    """Open something in /proc/PID of a container's process. Raises ProcessLookupError if it is gone.

    The open directory belongs to the process and not to its number: once it is gone, nothing in it can be opened,
    whoever has the number by then.
    """
    try:
        with _process_directory(pid) as directory:
            if container_id not in _cgroups_in(directory):
                raise ProcessLookupError(pid)
            return os.open(name, flags | os.O_CLOEXEC, dir_fd=directory)
    except FileNotFoundError as error:
        raise ProcessLookupError(pid) from error


@contextmanager
def _process_directory(pid: int) -> Iterator[int]:
    descriptor = os.open(f"/proc/{pid}", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _cgroups_in(directory: int) -> str:
    descriptor = os.open("cgroup", os.O_RDONLY | os.O_CLOEXEC, dir_fd=directory)
    try:
        return os.read(descriptor, _MOST_CGROUP_BYTES).decode(errors="replace")
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
