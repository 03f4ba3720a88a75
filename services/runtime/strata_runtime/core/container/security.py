"""What a container may do."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Device:
    """A device of the host; an empty ``container_path`` means the same path, empty ``permissions`` all."""

    host_path: str
    container_path: str = ""
    permissions: str = ""


@dataclass(frozen=True, slots=True)
class PathList:
    """Paths in a container; an empty list is not the same as none."""

    paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Security:
    """Privileges. ``seccomp_profile`` is "", "unconfined" or a profile as JSON."""

    privileged: bool = False
    cap_add: tuple[str, ...] = ()
    cap_drop: tuple[str, ...] = ()
    no_new_privileges: bool = False
    seccomp_profile: str = ""
    apparmor_profile: str = ""
    devices: tuple[Device, ...] = ()
    device_cgroup_rules: tuple[str, ...] = ()
    group_add: tuple[str, ...] = ()
    sysctls: Mapping[str, str] = field(default_factory=dict)
    masked_paths: PathList | None = None
    readonly_paths: PathList | None = None
