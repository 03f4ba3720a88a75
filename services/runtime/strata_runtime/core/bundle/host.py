"""What the bundle has to know of the host and of what was looked up in the image."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Host:
    """Facts of this machine. ``cgroup_version`` is "v1", "hybrid" or "v2"."""

    cgroup_version: str = "v2"
    has_swap_limit: bool = True
    capabilities: frozenset[str] = frozenset()
    oom_score_adj_least: int = -1000
    nofile_hard: int = 1 << 20
    online_cpus: int = 1
    memory_bytes: int = 0
    has_apparmor: bool = False
    init_path: str = ""


@dataclass(frozen=True, slots=True)
class ProcessUser:
    """Who a process runs as, looked up in the container's own files."""

    uid: int = 0
    gid: int = 0
    additional_gids: tuple[int, ...] = ()
    home: str = "/"


@dataclass(frozen=True, slots=True)
class DeviceNode:
    """A device of the host as found: type is "c", "b" or "p"."""

    path: str
    type: str
    major: int
    minor: int
    file_mode: int = 0o666
    uid: int = 0
    gid: int = 0
    permissions: str = "rwm"


@dataclass(frozen=True, slots=True)
class Namespaces:
    """Paths of namespaces to join, by OCI type; "" makes a new one, a missing type stays in the host's."""

    paths: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SeccompFilter:
    """A seccomp filter: compiled for crun, as a document for others. Both empty means unconfined."""

    bpf_base64: str = ""
    document: Mapping[str, Any] | None = None
