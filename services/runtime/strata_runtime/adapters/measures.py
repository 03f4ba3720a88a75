"""Measurements of a container from its cgroups and processes: v1 and v2 say the same in other files."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from strata_runtime.adapters.cgroups import Cgroups, read_number, read_table, read_text
from strata_runtime.core.bundle.host import Host
from strata_runtime.core.stats import ContainerStats, ProcessInfo, parse_interfaces

_MICRO_NS = 1000
_NANO = 1_000_000_000
_TICK_NS = _NANO // os.sysconf("SC_CLK_TCK")
_NO_LIMIT = 1 << 60


@dataclass(frozen=True, slots=True)
class Subject:
    """Who is measured."""

    container_id: str
    name: str
    pid: int
    cgroups_path: str


def measure(subject: Subject, cgroups: Cgroups, host: Host) -> ContainerStats:
    """One measurement. Blocking, but it only reads kernel files."""
    read = _v2 if host.cgroup_version == "v2" else _v1
    values = read(cgroups, subject.cgroups_path)
    limit = values["memory_limit_bytes"]
    values["memory_limit_bytes"] = host.memory_bytes if not 0 < limit < _NO_LIMIT else min(limit, host.memory_bytes)
    return ContainerStats(
        container_id=subject.container_id,
        name=subject.name,
        time=datetime.now(UTC),
        online_cpus=host.online_cpus,
        host_cpu_total_ns=_host_cpu_ns(),
        interfaces=parse_interfaces(read_text(Path(f"/proc/{subject.pid}/net/dev"))),
        oom_kills=cgroups.oom_kills(subject.cgroups_path),
        **values,
    )


def _v1(cgroups: Cgroups, path: str) -> dict[str, int]:
    cpuacct, memory = cgroups.directory(path, "cpuacct"), cgroups.directory(path, "memory")
    pids, cpu = cgroups.directory(path, "pids"), cgroups.directory(path, "cpu")
    block = _v1_block(read_text(cgroups.directory(path, "blkio") / "blkio.throttle.io_service_bytes"))
    return {
        "cpu_total_ns": read_number(cpuacct / "cpuacct.usage"),
        "cpu_system_ns": read_number(cpuacct / "cpuacct.usage_sys"),
        "cpu_throttled_periods": read_table(cpu / "cpu.stat").get("nr_throttled", 0),
        "memory_bytes": read_number(memory / "memory.usage_in_bytes"),
        "memory_inactive_file_bytes": read_table(memory / "memory.stat").get("total_inactive_file", 0),
        "memory_limit_bytes": read_number(memory / "memory.limit_in_bytes"),
        "memory_peak_bytes": read_number(memory / "memory.max_usage_in_bytes"),
        "pids": read_number(pids / "pids.current"),
        "pids_limit": read_number(pids / "pids.max"),
        "block_read_bytes": block.get("Read", 0),
        "block_write_bytes": block.get("Write", 0),
    }


def _v2(cgroups: Cgroups, path: str) -> dict[str, int]:
    directory = cgroups.directory(path, "")
    cpu = read_table(directory / "cpu.stat")
    block = _v2_block(read_text(directory / "io.stat"))
    return {
        "cpu_total_ns": cpu.get("usage_usec", 0) * _MICRO_NS,
        "cpu_system_ns": cpu.get("system_usec", 0) * _MICRO_NS,
        "cpu_throttled_periods": cpu.get("nr_throttled", 0),
        "memory_bytes": read_number(directory / "memory.current"),
        "memory_inactive_file_bytes": read_table(directory / "memory.stat").get("inactive_file", 0),
        "memory_limit_bytes": read_number(directory / "memory.max"),
        "memory_peak_bytes": read_number(directory / "memory.peak"),
        "pids": read_number(directory / "pids.current"),
        "pids_limit": read_number(directory / "pids.max"),
        "block_read_bytes": block.get("rbytes", 0),
        "block_write_bytes": block.get("wbytes", 0),
    }


def _v1_block(text: str) -> dict[str, int]:
    """Sums over devices of "8:0 Read 4096" lines."""
    sums: dict[str, int] = {}
    for line in text.splitlines():
        match line.split():
            case [_, name, value]:
                sums[name] = sums.get(name, 0) + int(value)
    return sums


def _v2_block(text: str) -> dict[str, int]:
    """Sums over devices of "8:0 rbytes=4096 wbytes=0 ..." lines."""
    sums: dict[str, int] = {}
    for line in text.splitlines():
        for pair in line.split()[1:]:
            name, _, value = pair.partition("=")
            sums[name] = sums.get(name, 0) + int(value)
    return sums


def proportional_bytes(pids: list[int]) -> int:
    """Memory that processes have mapped, shared pages in parts (proc(5), smaps_rollup); those that ended have none."""
    return sum(_pss_kib(read_text(Path(f"/proc/{pid}/smaps_rollup"))) for pid in pids) * 1024


def _pss_kib(smaps_rollup: str) -> int:
    """The number of "Pss:   123 kB"; 0 for a process without memory, such as a zombie."""
    _, _, rest = smaps_rollup.partition("\nPss:")
    return int(rest.split(maxsplit=1)[0]) if rest else 0


def _host_cpu_ns() -> int:
    """Time of all processors since boot, idle or not."""
    return sum(map(int, read_text(Path("/proc/stat")).partition("\n")[0].split()[1:8])) * _TICK_NS


def list_processes(pids: list[int]) -> list[ProcessInfo]:
    """What /proc says of processes; those that have ended are left out."""
    boot_s = read_table(Path("/proc/stat")).get("btime", 0)
    return [info for pid in pids if (info := _process(pid, boot_s)) is not None]


def _process(pid: int, boot_s: int) -> ProcessInfo | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
        uid = Path(f"/proc/{pid}").stat().st_uid
        command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return None
    name = stat[stat.index("(") + 1 : stat.rindex(")")]
    fields = stat.rpartition(")")[2].split()
    return ProcessInfo(
        pid=pid,
        ppid=int(fields[1]),
        uid=uid,
        start_time=datetime.fromtimestamp(boot_s + int(fields[19]) * _TICK_NS / _NANO, UTC),
        cpu_ns=(int(fields[11]) + int(fields[12])) * _TICK_NS,
        tty=_tty(int(fields[4])),
        command=command or f"[{name}]",
    )


def _tty(number: int) -> str:
    major = number >> 8 & 0xFFF
    return f"pts/{number & 0xFF}" if major == 136 else "?"  # noqa: PLR2004 -- Unix98 terminals, devices.txt
