"""A whole OCI runtime-spec config. Source: OCI runtime-spec 1.0, config.md and config-linux.md."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from strata_oci.image_config import Execution
from strata_runtime.core.bundle import capabilities, mounts, process, resources
from strata_runtime.core.bundle.host import DeviceNode, Host, ProcessUser, SeccompFilter
from strata_runtime.core.container.mount import MountPoint
from strata_runtime.core.container.record import Container

OCI_VERSION = "1.0.2"
MASKED_PATHS = (
    "/proc/acpi",
    "/proc/asound",
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/sys/devices/virtual/powercap",
    "/sys/firmware",
)
READONLY_PATHS = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")
_CRUN_BPF = "run.oci.seccomp_bpf_data"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What was looked up or made for one start of a container.

    ``namespaces``: OCI type to path, "" for a new one; a type that is missing stays the host's.
    ``files``: pairs of path on the host and path inside. ``targets``: places of mounts, as asked for and with the
    links in the image followed.
    """

    host: Host
    rootfs: str
    user: ProcessUser
    cgroups_path: str
    hostname: str
    namespaces: Mapping[str, str]
    files: tuple[tuple[str, str], ...] = ()
    devices: tuple[DeviceNode, ...] = ()
    throttle_nodes: Mapping[str, DeviceNode] = field(default_factory=dict)
    mount_points: tuple[MountPoint, ...] = ()
    targets: Mapping[str, str] = field(default_factory=dict)
    seccomp: SeccompFilter = SeccompFilter()


def bundle_config(container: Container, image: Execution, around: Surroundings) -> dict[str, Any]:
    """The config.json of a container."""
    spec = container.spec
    granted = capabilities.granted(spec.security, around.host.capabilities)
    config = {
        "ociVersion": OCI_VERSION,
        "process": process.process_value(
            spec,
            args=container.args,
            env=process.environment(spec, image, around.hostname, around.user.home),
            user=around.user,
            cwd=working_dir(container, image),
            capabilities=granted,
            host=around.host,
        ),
        "root": {"path": around.rootfs, "readonly": spec.read_only_root},
        "mounts": _mounts(container, around),
        "annotations": _annotations(container, around.seccomp),
        "linux": _linux(container, around),
    }
    if "uts" in around.namespaces and not around.namespaces["uts"]:
        config["hostname"] = around.hostname
        if spec.domainname:
            config["domainname"] = spec.domainname
    return config


def working_dir(container: Container, image: Execution) -> str:
    """Directory the first process starts in, absolute."""
    return "/" + (container.spec.working_dir or image.working_dir or "/").lstrip("/")


def _mounts(container: Container, around: Surroundings) -> list[dict[str, Any]]:
    spec = container.spec
    taken = {point.destination for point in around.mount_points}
    kernel = mounts.kernel_mounts(spec, host_network="network" not in around.namespaces)
    files = [(source, inside) for source, inside in around.files if inside not in taken]
    if spec.init:
        files.append((around.host.init_path, process.INIT_INSIDE))
    wanted = [
        *(mount for mount in kernel if mount["destination"] not in taken),
        *mounts.file_mounts(files, read_only=spec.read_only_root),
        *mounts.user_mounts(around.mount_points, spec.mounts),
    ]
    return [
        {**mount, "destination": around.targets.get(mount["destination"], mount["destination"])} for mount in wanted
    ]


def _annotations(container: Container, seccomp: SeccompFilter) -> dict[str, str]:
    own = {_CRUN_BPF: seccomp.bpf_base64} if seccomp.bpf_base64 else {}
    return {**container.spec.annotations, **own}


def _linux(container: Container, around: Surroundings) -> dict[str, Any]:
    security = container.spec.security
    value: dict[str, Any] = {
        "namespaces": [
            {"type": kind, "path": path} if path else {"type": kind} for kind, path in around.namespaces.items()
        ],
        "cgroupsPath": around.cgroups_path,
        "resources": {
            **resources.resources_value(container.spec.resources, around.host, around.throttle_nodes),
            "devices": resources.device_rules(
                around.devices, security.device_cgroup_rules, privileged=security.privileged
            ),
        },
        "devices": [_device(node) for node in around.devices],
        "maskedPaths": _paths(security.masked_paths, MASKED_PATHS, privileged=security.privileged),
        "readonlyPaths": _paths(security.readonly_paths, READONLY_PATHS, privileged=security.privileged),
        "sysctl": dict(security.sysctls),
        "rootfsPropagation": "private",
    }
    if around.seccomp.document is not None and not around.seccomp.bpf_base64:
        value["seccomp"] = around.seccomp.document
    return value


def _device(node: DeviceNode) -> dict[str, Any]:
    return {
        "path": node.path,
        "type": node.type,
        "major": node.major,
        "minor": node.minor,
        "fileMode": node.file_mode,
        "uid": node.uid,
        "gid": node.gid,
    }


def _paths(asked: Any, usual: tuple[str, ...], *, privileged: bool) -> list[str]:
    if asked is not None:
        return list(asked.paths)
    return [] if privileged else list(usual)
