"""Limits: memory, processors, processes, rates of devices."""

from strata.runtime.v1.container_pb2 import DeviceThrottle, Resources, Ulimit

from strata_client.cli.parsing import Line, UsageError
from strata_client.cli.quantities import parse_size

_NUMBERS = {
    "cpu-shares": "cpu_shares",
    "cpu-period": "cpu_period_us",
    "cpu-quota": "cpu_quota_us",
    "pids-limit": "pids_limit",
    "blkio-weight": "blkio_weight",
    "memory-swappiness": "memory_swappiness",
    "oom-score-adj": "oom_score_adj",
}
_SIZES = {"memory": "memory_bytes", "memory-reservation": "memory_reservation_bytes"}
_TEXTS = {"cpuset-cpus": "cpuset_cpus", "cpuset-mems": "cpuset_mems"}
_RATES = {
    "device-read-bps": "read_bytes_per_second",
    "device-write-bps": "write_bytes_per_second",
    "device-read-iops": "read_iops",
    "device-write-iops": "write_iops",
}


def resources(line: Line) -> Resources:
    """All limits of a line."""
    limits = Resources(
        nano_cpus=_nano_cpus(line.text("cpus")),
        oom_kill_disable=line.flag("oom-kill-disable"),
        ulimits=[parse_ulimit(word) for word in line.many("ulimit")],
    )
    for key, field in _SIZES.items():
        if line.text(key):
            setattr(limits, field, parse_size(line.text(key)))
    for key, field in _TEXTS.items():
        setattr(limits, field, line.text(key))
    for key, field in _NUMBERS.items():
        if (number := line.number(key)) is not None:
            setattr(limits, field, number)
    if swap := line.text("memory-swap"):
        limits.memory_swap_bytes = -1 if swap == "-1" else parse_size(swap)
    limits.device_throttles.extend(_throttles(line))
    return limits


def _nano_cpus(text: str) -> int:
    if not text:
        return 0
    try:
        cpus = float(text)
    except ValueError:
        cpus = -1
    if not 0 < cpus < 2**20:
        raise UsageError(f"invalid number of processors {text!r}: write it as 2 or 0.5")
    return round(cpus * 10**9)


def parse_ulimit(word: str) -> Ulimit:
    """Read one ``--ulimit``: "nofile=1024" or "nofile=1024:4096"; -1 means no limit."""
    name, _, limits = word.partition("=")
    soft, colon, hard = limits.partition(":")
    try:
        return Ulimit(name=name, soft=int(soft), hard=int(hard if colon else soft))
    except ValueError:
        raise UsageError(f"invalid ulimit {word!r}: write it as nofile=1024 or nofile=1024:4096") from None


def _throttles(line: Line) -> list[DeviceThrottle]:
    """Rates, gathered by device."""
    throttles: dict[str, DeviceThrottle] = {}
    for key, field in _RATES.items():
        for word in line.many(key):
            path, colon, rate = word.rpartition(":")
            if not colon or not path.startswith("/"):
                raise UsageError(f"invalid --{key} {word!r}: write it as /dev/sda:10m")
            throttle = throttles.setdefault(path, DeviceThrottle(path=path))
            setattr(throttle, field, parse_size(rate))
    return list(throttles.values())
