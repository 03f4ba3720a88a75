"""What a container uses, counted from its start."""

from dataclasses import dataclass
from datetime import datetime

_COLUMNS = 16


@dataclass(frozen=True, slots=True)
class InterfaceStats:
    """What went through an interface."""

    name: str
    rx_bytes: int = 0
    rx_packets: int = 0
    tx_bytes: int = 0
    tx_packets: int = 0
    rx_dropped: int = 0
    tx_dropped: int = 0


@dataclass(frozen=True, slots=True)
class ContainerStats:
    """A measurement. Source: strata.runtime.v1.ContainerStats."""

    container_id: str
    name: str
    time: datetime
    cpu_total_ns: int = 0
    cpu_system_ns: int = 0
    online_cpus: int = 0
    host_cpu_total_ns: int = 0
    memory_bytes: int = 0
    memory_inactive_file_bytes: int = 0
    memory_limit_bytes: int = 0
    pids: int = 0
    pids_limit: int = 0
    block_read_bytes: int = 0
    block_write_bytes: int = 0
    interfaces: tuple[InterfaceStats, ...] = ()
    cpu_throttled_periods: int = 0
    memory_peak_bytes: int = 0
    oom_kills: int = 0
    pss_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class ProcessInfo:
    """A process of a container, as the host sees it."""

    pid: int
    ppid: int
    uid: int
    start_time: datetime
    cpu_ns: int
    tty: str
    command: str


def parse_interfaces(net_dev: str) -> tuple[InterfaceStats, ...]:
    """Interfaces of /proc/PID/net/dev, without the loopback."""
    found = []
    for line in net_dev.splitlines()[2:]:
        name, _, numbers = line.partition(":")
        values = [int(text) for text in numbers.split()]
        if name.strip() != "lo" and len(values) >= _COLUMNS:
            found.append(
                InterfaceStats(
                    name=name.strip(),
                    rx_bytes=values[0],
                    rx_packets=values[1],
                    rx_dropped=values[3],
                    tx_bytes=values[8],
                    tx_packets=values[9],
                    tx_dropped=values[11],
                )
            )
    return tuple(found)
