"""System calls on namespaces and mounts that Python 3.11 does not offer."""

import ctypes
import os

_LIBC = ctypes.CDLL(None, use_errno=True)
_CLONE_NEWNET = 0x40000000
_MS_BIND = 0x1000
_MS_SHARED = 0x100000
_MNT_DETACH = 2


def unshare_network() -> None:
    """Move the calling thread, and no other, into a new network namespace."""
    _check(_LIBC.unshare(_CLONE_NEWNET), "unshare")


def enter_network(netns_fd: int) -> None:
    """Move the calling thread, and no other, into the network namespace behind a file descriptor."""
    _check(_LIBC.setns(netns_fd, _CLONE_NEWNET), "setns")


def bind_mount(source: str, target: str) -> None:
    """Make ``target`` show what ``source`` is."""
    _check(_LIBC.mount(os.fsencode(source), os.fsencode(target), b"none", _MS_BIND, None), target)


def share_mount(target: str) -> None:
    """Make ``target`` a mount whose changes below are seen in other mount namespaces as well."""
    bind_mount(target, target)
    _check(_LIBC.mount(None, os.fsencode(target), None, _MS_SHARED, None), target)


def detach_mount(target: str) -> None:
    """Take the mount on ``target`` away, however busy it is."""
    _check(_LIBC.umount2(os.fsencode(target), _MNT_DETACH), target)


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), what)
