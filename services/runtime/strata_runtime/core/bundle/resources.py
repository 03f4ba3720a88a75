"""Limits of a bundle: the same request on cgroup v1 and v2 (OCI runtimes translate)."""

from collections.abc import Iterable, Mapping
from typing import Any

from strata_chassis.errors import InvalidArgument
from strata_runtime.core.bundle.host import DeviceNode, Host
from strata_runtime.core.container.resources import DeviceThrottle, Resources

DEFAULT_PERIOD_US = 100_000
LEAST_MEMORY_BYTES = 6 << 20
_NANO = 1_000_000_000

_DEFAULT_DEVICES: tuple[tuple[str, int | None, int | None, str], ...] = (
    ("c", None, None, "m"),
    ("b", None, None, "m"),
    ("c", 1, 3, "rwm"),
    ("c", 1, 5, "rwm"),
    ("c", 1, 7, "rwm"),
    ("c", 1, 8, "rwm"),
    ("c", 1, 9, "rwm"),
    ("c", 5, 0, "rwm"),
    ("c", 5, 1, "rwm"),
    ("c", 5, 2, "rwm"),
    ("c", 136, None, "rwm"),
)
"""null, zero, full, random, urandom, tty, console, ptmx and pts; and making any node, which mknod(2) still guards."""


def check_resources(resources: Resources, host: Host) -> None:
    """Raises InvalidArgument for limits that cannot be kept."""
    if 0 < resources.memory_bytes < LEAST_MEMORY_BYTES:
        raise _invalid("a container needs at least 6 MiB of memory")
    swap = resources.memory_swap_bytes
    if swap > 0 and swap < resources.memory_bytes:
        raise _invalid("the limit of memory and swap together is below that of memory alone")
    if resources.nano_cpus and (resources.cpu_quota_us or resources.cpu_period_us):
        raise _invalid("processors are given either as a number or as quota and period, not both")
    if resources.nano_cpus < 0 or resources.nano_cpus > host.online_cpus * _NANO:
        raise _invalid(f"this host has {host.online_cpus} processors, more cannot be given")


def resources_value(
    resources: Resources, host: Host, throttle_nodes: Mapping[str, DeviceNode] | None = None
) -> dict[str, Any]:
    """The ``linux.resources`` of a bundle, without devices."""
    value = {
        "memory": memory_value(resources, host),
        "cpu": cpu_value(resources),
        "pids": {"limit": resources.pids_limit} if resources.pids_limit else None,
        "blockIO": _block_io(resources, throttle_nodes or {}),
    }
    return {key: part for key, part in value.items() if part}


def memory_value(resources: Resources, host: Host) -> dict[str, Any]:
    """Memory: with a limit and no word on swap, as much swap again, as docker has it."""
    value: dict[str, Any] = {}
    if resources.memory_bytes:
        value["limit"] = resources.memory_bytes
    swap = resources.memory_swap_bytes or 2 * resources.memory_bytes
    if swap and host.has_swap_limit:
        value["swap"] = swap
    if resources.memory_reservation_bytes:
        value["reservation"] = resources.memory_reservation_bytes
    if resources.memory_swappiness is not None and host.cgroup_version != "v2":
        value["swappiness"] = resources.memory_swappiness
    if resources.oom_kill_disable and host.cgroup_version != "v2":
        value["disableOOMKiller"] = True
    return value


def cpu_value(resources: Resources) -> dict[str, Any]:
    """Processors."""
    period = resources.cpu_period_us
    quota = resources.cpu_quota_us
    if resources.nano_cpus:
        period = DEFAULT_PERIOD_US
        quota = resources.nano_cpus * period // _NANO
    value = {
        "shares": resources.cpu_shares,
        "quota": quota,
        "period": period,
        "cpus": resources.cpuset_cpus,
        "mems": resources.cpuset_mems,
    }
    return {key: part for key, part in value.items() if part}


def device_rules(nodes: Iterable[DeviceNode], rules: Iterable[str], *, privileged: bool) -> list[dict[str, Any]]:
    """Rules of the device cgroup: nothing, then what is allowed."""
    if privileged:
        return [{"allow": True, "access": "rwm"}]
    allowed = [*_DEFAULT_DEVICES, *((node.type, node.major, node.minor, node.permissions) for node in nodes)]
    allowed += [parse_device_rule(rule) for rule in rules]
    return [{"allow": False, "access": "rwm"}, *map(_rule, allowed)]


def parse_device_rule(text: str) -> tuple[str, int | None, int | None, str]:
    """``c 1:3 rwm``, ``b 8:* r`` or ``a *:* rwm``. Raises InvalidArgument."""
    try:
        kind, numbers, access = text.split()
        major, minor = (None if part == "*" else int(part) for part in numbers.split(":"))
    except ValueError as error:
        raise _invalid(f"{text!r} is not a device rule such as 'c 1:3 rwm'") from error
    if kind not in ("a", "b", "c") or not access or set(access) - set("rwm"):
        raise _invalid(f"{text!r} is not a device rule such as 'c 1:3 rwm'")
    return kind, major, minor, access


def _rule(rule: tuple[str, int | None, int | None, str]) -> dict[str, Any]:
    kind, major, minor, access = rule
    value: dict[str, Any] = {"allow": True, "type": kind, "access": access}
    if major is not None:
        value["major"] = major
    if minor is not None:
        value["minor"] = minor
    return value


def _block_io(resources: Resources, nodes: Mapping[str, DeviceNode]) -> dict[str, Any]:
    value: dict[str, Any] = {"weight": resources.blkio_weight} if resources.blkio_weight else {}
    kinds = {
        "throttleReadBpsDevice": "read_bytes_per_second",
        "throttleWriteBpsDevice": "write_bytes_per_second",
        "throttleReadIOPSDevice": "read_iops",
        "throttleWriteIOPSDevice": "write_iops",
    }
    for key, attribute in kinds.items():
        limits = [_throttle(nodes[item.path], item, attribute) for item in resources.device_throttles]
        if limits := [limit for limit in limits if limit["rate"]]:
            value[key] = limits
    return value


def _throttle(node: DeviceNode, throttle: DeviceThrottle, attribute: str) -> dict[str, int]:
    return {"major": node.major, "minor": node.minor, "rate": int(getattr(throttle, attribute))}


def _invalid(message: str) -> InvalidArgument:
    return InvalidArgument(message, reason="SPEC_INVALID")
