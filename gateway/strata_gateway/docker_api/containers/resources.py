"""Limits: docker's HostConfig and the engine's Resources, both ways."""

from collections.abc import Mapping
from typing import Any

from strata.runtime.v1 import container_pb2 as pb

_NUMBERS = {
    "Memory": "memory_bytes",
    "MemorySwap": "memory_swap_bytes",
    "MemoryReservation": "memory_reservation_bytes",
    "NanoCpus": "nano_cpus",
    "CpuShares": "cpu_shares",
    "CpuPeriod": "cpu_period_us",
    "CpuQuota": "cpu_quota_us",
    "PidsLimit": "pids_limit",
    "BlkioWeight": "blkio_weight",
}
_TEXTS = {"CpusetCpus": "cpuset_cpus", "CpusetMems": "cpuset_mems"}
_THROTTLES = {
    "BlkioDeviceReadBps": "read_bytes_per_second",
    "BlkioDeviceWriteBps": "write_bytes_per_second",
    "BlkioDeviceReadIOps": "read_iops",
    "BlkioDeviceWriteIOps": "write_iops",
}


def resources_of(host: Mapping[str, Any]) -> pb.Resources:
    """The limits in a HostConfig (or in the body of an update)."""
    resources = pb.Resources(
        oom_kill_disable=bool(host.get("OomKillDisable")),
        ulimits=[pb.Ulimit(name=u["Name"], soft=u["Soft"], hard=u["Hard"]) for u in host.get("Ulimits") or ()],
        device_throttles=[
            pb.DeviceThrottle(path=device["Path"], **{field: device["Rate"]})
            for key, field in _THROTTLES.items()
            for device in host.get(key) or ()
        ],
    )
    for key, field in (_NUMBERS | _TEXTS).items():
        if host.get(key):
            setattr(resources, field, host[key])
    if host.get("MemorySwappiness") is not None and host["MemorySwappiness"] >= 0:
        resources.memory_swappiness = host["MemorySwappiness"]
    if host.get("OomScoreAdj"):
        resources.oom_score_adj = host["OomScoreAdj"]
    return resources


def host_resources(resources: pb.Resources) -> dict[str, Any]:
    """The part of a HostConfig that shows limits."""
    shown: dict[str, Any] = {key: getattr(resources, field) for key, field in (_NUMBERS | _TEXTS).items()}
    shown["PidsLimit"] = resources.pids_limit or None
    shown["MemorySwappiness"] = resources.memory_swappiness if resources.HasField("memory_swappiness") else None
    shown["OomKillDisable"] = resources.oom_kill_disable
    shown["OomScoreAdj"] = resources.oom_score_adj
    shown["Ulimits"] = [{"Name": u.name, "Soft": u.soft, "Hard": u.hard} for u in resources.ulimits]
    for key, field in _THROTTLES.items():
        rates = [(device.path, getattr(device, field)) for device in resources.device_throttles]
        shown[key] = [{"Path": path, "Rate": rate} for path, rate in rates if rate]
    return shown
