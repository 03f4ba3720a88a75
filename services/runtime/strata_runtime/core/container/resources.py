"""Limits of a container."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DeviceThrottle:
    """Rates of a block device, named by its path on the host; 0 means no limit."""

    path: str
    read_bytes_per_second: int = 0
    write_bytes_per_second: int = 0
    read_iops: int = 0
    write_iops: int = 0


@dataclass(frozen=True, slots=True)
class Ulimit:
    """One limit of setrlimit(2), by its name in small letters; -1 means infinity."""

    name: str
    soft: int = 0
    hard: int = 0


@dataclass(frozen=True, slots=True)
class Resources:
    """Limits; 0 or None means none."""

    memory_bytes: int = 0
    memory_swap_bytes: int = 0
    memory_reservation_bytes: int = 0
    memory_swappiness: int | None = None
    nano_cpus: int = 0
    cpu_shares: int = 0
    cpu_period_us: int = 0
    cpu_quota_us: int = 0
    cpuset_cpus: str = ""
    cpuset_mems: str = ""
    pids_limit: int = 0
    blkio_weight: int = 0
    device_throttles: tuple[DeviceThrottle, ...] = ()
    oom_kill_disable: bool = False
    oom_score_adj: int | None = None
    ulimits: tuple[Ulimit, ...] = ()
