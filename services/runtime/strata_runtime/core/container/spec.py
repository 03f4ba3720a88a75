"""Everything a container is made from, as it was asked for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import IntEnum

from strata_runtime.core.container.health import HealthCheck
from strata_runtime.core.container.mount import Mount
from strata_runtime.core.container.network import NetworkAttachment, PortMapping
from strata_runtime.core.container.resources import Resources
from strata_runtime.core.container.security import Security


class RestartCondition(IntEnum):
    """When a container is started again; the numbers are the contract's."""

    UNSPECIFIED = 0
    NO = 1
    ALWAYS = 2
    UNLESS_STOPPED = 3
    ON_FAILURE = 4


@dataclass(frozen=True, slots=True)
class RestartPolicy:
    """What happens when a container exits."""

    condition: RestartCondition = RestartCondition.UNSPECIFIED
    max_retries: int = 0


@dataclass(frozen=True, slots=True)
class LogConfig:
    """Where output goes."""

    driver: str = ""
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ContainerSpec:
    """A wish. What is unset comes from the image, then from the engine. Source: strata.runtime.v1.ContainerSpec."""

    name: str = ""
    image: str = ""
    image_digest: str = ""
    command: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] = ()
    clear_entrypoint: bool = False
    env: tuple[str, ...] = ()
    working_dir: str = ""
    user: str = ""
    hostname: str = ""
    domainname: str = ""
    tty: bool = False
    open_stdin: bool = False
    stdin_once: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)
    stop_signal: str = ""
    stop_timeout: timedelta | None = None
    resources: Resources = Resources()
    security: Security = field(default_factory=Security)
    mounts: tuple[Mount, ...] = ()
    network_mode: str = ""
    networks: tuple[NetworkAttachment, ...] = ()
    ports: tuple[PortMapping, ...] = ()
    publish_all_ports: bool = False
    dns: tuple[str, ...] = ()
    dns_search: tuple[str, ...] = ()
    dns_options: tuple[str, ...] = ()
    extra_hosts: tuple[str, ...] = ()
    restart_policy: RestartPolicy = RestartPolicy()
    auto_remove: bool = False
    init: bool = False
    read_only_root: bool = False
    health_check: HealthCheck | None = None
    log_config: LogConfig = field(default_factory=LogConfig)
    shm_size_bytes: int = 0
    disk_quota_bytes: int = 0
    ipc_mode: str = ""
    pid_mode: str = ""
    uts_mode: str = ""
    cgroup_mode: str = ""
    userns_mode: str = ""
    cgroup_parent: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict)
    runtime: str = ""
    exposed_ports: tuple[str, ...] = ()
    platform: str = ""
    mac_address: str = ""
    volumes_from: tuple[str, ...] = ()
