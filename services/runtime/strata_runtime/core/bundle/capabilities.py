"""Capabilities of a container's processes."""

from collections.abc import Iterable

from strata_chassis.errors import InvalidArgument
from strata_runtime.core.container.security import Security

DEFAULT = frozenset(
    f"CAP_{name}"
    for name in [
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "NET_RAW",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    ]
)
"""What docker gives every container."""

BY_NUMBER = tuple(
    f"CAP_{name}"
    for name in [
        "CHOWN",
        "DAC_OVERRIDE",
        "DAC_READ_SEARCH",
        "FOWNER",
        "FSETID",
        "KILL",
        "SETGID",
        "SETUID",
        "SETPCAP",
        "LINUX_IMMUTABLE",
        "NET_BIND_SERVICE",
        "NET_BROADCAST",
        "NET_ADMIN",
        "NET_RAW",
        "IPC_LOCK",
        "IPC_OWNER",
        "SYS_MODULE",
        "SYS_RAWIO",
        "SYS_CHROOT",
        "SYS_PTRACE",
        "SYS_PACCT",
        "SYS_ADMIN",
        "SYS_BOOT",
        "SYS_NICE",
        "SYS_RESOURCE",
        "SYS_TIME",
        "SYS_TTY_CONFIG",
        "MKNOD",
        "LEASE",
        "AUDIT_WRITE",
        "AUDIT_CONTROL",
        "SETFCAP",
        "MAC_OVERRIDE",
        "MAC_ADMIN",
        "SYSLOG",
        "WAKE_ALARM",
        "BLOCK_SUSPEND",
        "AUDIT_READ",
        "PERFMON",
        "BPF",
        "CHECKPOINT_RESTORE",
    ]
)
"""All of them by number, capability.h."""


def from_mask(mask: int) -> frozenset[str]:
    """Capabilities of a bit mask, such as CapBnd of /proc/self/status."""
    return frozenset(name for number, name in enumerate(BY_NUMBER) if mask >> number & 1)


def granted(security: Security, available: frozenset[str]) -> frozenset[str]:
    """What a container gets of what the host has. Raises InvalidArgument for a name that is none."""
    if security.privileged:
        return available
    added, dropped = _names(security.cap_add), _names(security.cap_drop)
    base = frozenset() if "ALL" in dropped else DEFAULT
    if "ALL" in added:
        base = available
    return ((base - dropped) | (added - {"ALL"})) & available


def _names(given: Iterable[str]) -> frozenset[str]:
    return frozenset(_name(text) for text in given)


def _name(text: str) -> str:
    name = text.upper().removeprefix("CAP_")
    if name == "ALL":
        return name
    if f"CAP_{name}" not in BY_NUMBER:
        message = f"{text!r} is not a capability"
        raise InvalidArgument(message, reason="SPEC_INVALID", metadata={"capability": text})
    return f"CAP_{name}"
