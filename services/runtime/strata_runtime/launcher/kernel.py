"""The few system calls the standard library of Python 3.11 lacks."""

import contextlib
import ctypes
import fcntl
import os
import signal
import struct
from pathlib import Path

_CLONE_NEWNS = 0x00020000
_PR_SET_CHILD_SUBREAPER = 36
_MS_BIND, _MS_REC, _MS_SLAVE, _MS_SHARED = 0x1000, 0x4000, 1 << 19, 1 << 20

_SYS_FSCONFIG, _SYS_FSPICK, _AT_FDCWD = 431, 433, -100
_FSPICK_CLOEXEC = 1
_FSCONFIG_SET_FLAG, _FSCONFIG_CMD_RECONFIGURE = 0, 7

_PIDFD_INFO_EXIT = 1 << 3
_PIDFD_INFO_BYTES = 64
_PIDFD_GET_INFO = (3 << 30) | (_PIDFD_INFO_BYTES << 16) | (0xFF << 8) | 11
_EXIT_CODE_OFFSET = 60

_libc = ctypes.CDLL(None, use_errno=True)


def _checked(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def become_subreaper() -> None:
    """Make orphaned descendants children of this process instead of init."""
    _checked(_libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "prctl(PR_SET_CHILD_SUBREAPER)")


def share_subtree(path: str) -> None:
    """Make ``path`` a mount of its own whose later mounts reach the peers and slaves of this mount namespace."""
    encoded = os.fsencode(path)
    if not is_mount_point(path):
        _checked(_libc.mount(encoded, encoded, None, _MS_BIND, None), f"bind mount of {path}")
    _checked(_libc.mount(None, encoded, None, _MS_SHARED, None), f"make-shared of {path}")


def is_mount_point(path: str) -> bool:
    """Whether something is mounted at ``path``, be it a directory of the same file system."""
    points = (line.split(" ", 5)[4] for line in Path("/proc/self/mountinfo").read_text().splitlines())
    return path.replace("\\", "\\134").replace(" ", "\\040") in points


def enter_private_mounts() -> None:
    """Leave for a mount namespace that receives the host's mounts and sends none back."""
    _checked(_libc.unshare(_CLONE_NEWNS), "unshare(CLONE_NEWNS)")
    _checked(_libc.mount(None, b"/", None, _MS_REC | _MS_SLAVE, None), "make-rslave of /")


def mount_cgroup_v1(controller: str, target: str) -> None:
    """Mount a cgroup v1 hierarchy of one controller on ``target``."""
    _checked(_libc.mount(b"cgroup", os.fsencode(target), b"cgroup", 0, controller.encode()), f"mount of {controller}")


def set_superblock_flags(path: str, flags: tuple[str, ...]) -> None:
    """Give the file system mounted at ``path`` exactly these flags; how it is mounted stays. Raises OSError."""
    picked = _libc.syscall(_SYS_FSPICK, _AT_FDCWD, os.fsencode(path), _FSPICK_CLOEXEC)
    _checked(min(picked, 0), f"fspick of {path}")
    try:
        for flag in flags:
            _checked(_libc.syscall(_SYS_FSCONFIG, picked, _FSCONFIG_SET_FLAG, flag.encode(), None, 0), f"flag {flag}")
        result = _libc.syscall(_SYS_FSCONFIG, picked, _FSCONFIG_CMD_RECONFIGURE, None, None, 0)
        _checked(result, f"reconfiguration of {path}")
    finally:
        os.close(picked)


def exit_code_of(pidfd: int) -> int | None:
    """Exit code of a reaped process that was not our child, as a shell tells it; None where the kernel cannot say.

    ``ioctl(PIDFD_GET_INFO)`` with exit information, Linux 6.15.
    """
    request = bytearray(struct.pack("=Q", _PIDFD_INFO_EXIT).ljust(_PIDFD_INFO_BYTES, b"\0"))
    with contextlib.suppress(OSError):
        fcntl.ioctl(pidfd, _PIDFD_GET_INFO, request)
        if struct.unpack_from("=Q", request)[0] & _PIDFD_INFO_EXIT:
            return shell_status(struct.unpack_from("=i", request, _EXIT_CODE_OFFSET)[0])
    return None


def exit_code_of_zombie(pid: int) -> int | None:
    """Exit code of a process that has ended and was not reaped yet (/proc/PID/stat, its last field); None if it was."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return None
    return shell_status(int(fields[-1])) if fields[0] == b"Z" else None


def shell_status(wait_status: int) -> int:
    """Exit code, or 128 + the signal's number: what shells and docker report."""
    code = os.waitstatus_to_exitcode(wait_status)
    return 128 - code if code < 0 else code


def restored_signals() -> list[int]:
    """Signals that Python ignores and a child must not."""
    return [signal.SIGPIPE, signal.SIGXFSZ]


def start_ticks(pid: int) -> int | None:
    """Start time of a process in clock ticks since boot, which tells it from a later one with its pid."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return None
    return int(fields[19])
