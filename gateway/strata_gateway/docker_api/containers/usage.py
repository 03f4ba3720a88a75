"""What a container uses, in the document from which docker's clients work out percentages.

Source: Docker Engine API, ContainerStats.
"""

from typing import Any

from strata.runtime.v1 import runtime_pb2 as pb
from strata_gateway.docker_api.times import NEVER, rfc3339


def stats_shown(now: pb.ContainerStats, before: pb.ContainerStats | None) -> dict[str, Any]:
    """One document; ``before`` is the measurement it is compared with."""
    return {
        "id": now.container_id,
        "name": f"/{now.name}",
        "read": rfc3339(now.time),
        "preread": rfc3339(before.time) if before else NEVER,
        "pids_stats": {"current": now.pids, "limit": now.pids_limit},
        "num_procs": 0,
        "storage_stats": {},
        "cpu_stats": _cpu(now),
        "precpu_stats": _cpu(before) if before else _cpu(pb.ContainerStats()),
        "memory_stats": _memory(now),
        "blkio_stats": _blocks(now),
        "networks": {interface.name: _interface(interface) for interface in now.interfaces},
    }


def _cpu(stats: pb.ContainerStats) -> dict[str, Any]:
    return {
        "cpu_usage": {
            "total_usage": stats.cpu_total_ns,
            "usage_in_kernelmode": stats.cpu_system_ns,
            # Two counters read one after the other: clients refuse a negative number.
            "usage_in_usermode": max(0, stats.cpu_total_ns - stats.cpu_system_ns),
        },
        "system_cpu_usage": stats.host_cpu_total_ns,
        "online_cpus": stats.online_cpus,
        "throttling_data": {"periods": 0, "throttled_periods": stats.cpu_throttled_periods, "throttled_time": 0},
    }


def _memory(stats: pb.ContainerStats) -> dict[str, Any]:
    return {
        "usage": stats.memory_bytes,
        "max_usage": stats.memory_peak_bytes,
        "limit": stats.memory_limit_bytes,
        "stats": {
            "inactive_file": stats.memory_inactive_file_bytes,
            "total_inactive_file": stats.memory_inactive_file_bytes,
        },
    }


def _blocks(stats: pb.ContainerStats) -> dict[str, Any]:
    moved = (("read", stats.block_read_bytes), ("write", stats.block_write_bytes))
    return {
        "io_service_bytes_recursive": [{"major": 0, "minor": 0, "op": op, "value": value} for op, value in moved],
        "io_serviced_recursive": None,
        "io_queue_recursive": None,
        "io_service_time_recursive": None,
        "io_wait_time_recursive": None,
        "io_merged_recursive": None,
        "io_time_recursive": None,
        "sectors_recursive": None,
    }


def _interface(interface: pb.InterfaceStats) -> dict[str, int]:
    return {
        "rx_bytes": interface.rx_bytes,
        "rx_packets": interface.rx_packets,
        "rx_errors": 0,
        "rx_dropped": interface.rx_dropped,
        "tx_bytes": interface.tx_bytes,
        "tx_packets": interface.tx_packets,
        "tx_errors": 0,
        "tx_dropped": interface.tx_dropped,
    }
