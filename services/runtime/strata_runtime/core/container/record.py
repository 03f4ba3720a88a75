"""A container as it is remembered, and its state machine."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import IntEnum

from strata_runtime.core.container.health import Health, HealthStatus
from strata_runtime.core.container.mount import MountPoint
from strata_runtime.core.container.network import NetworkAttachment, PortMapping
from strata_runtime.core.container.spec import ContainerSpec


class State(IntEnum):
    """Where a container is in its life; the numbers are the contract's."""

    UNSPECIFIED = 0
    CREATED = 1
    RUNNING = 2
    PAUSED = 3
    RESTARTING = 4
    EXITED = 5
    REMOVING = 6
    DEAD = 7

    @property
    def is_live(self) -> bool:
        """Whether the container has processes."""
        return self in (State.RUNNING, State.PAUSED)


@dataclass(frozen=True, slots=True)
class Layer:
    """An EROFS file system of the image: its key, its index and the devices its data lies in."""

    key: str
    index_path: str
    device_paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ImageMount:
    """What has to be mounted to see an image: META over ``data`` (in this order), or ``layers`` (base first) alone."""

    layers: tuple[Layer, ...] = ()
    data: tuple[Layer, ...] = ()
    meta: Layer | None = None

    def all_layers(self) -> tuple[Layer, ...]:
        """Everything that is mounted, each once."""
        layers = (*((self.meta,) if self.meta else ()), *self.data, *self.layers)
        return tuple({layer.key: layer for layer in layers}.values())


@dataclass(frozen=True, slots=True)
class Container:
    """A container. Changes are made by ``replace`` and the functions below."""

    id: str
    name: str
    spec: ContainerSpec
    state: State = State.CREATED
    create_time: datetime | None = None
    start_time: datetime | None = None
    finish_time: datetime | None = None
    pid: int = 0
    exit_code: int = 0
    oom_killed: bool = False
    error: str = ""
    restart_count: int = 0
    stopped_by_user: bool = False
    networks: tuple[NetworkAttachment, ...] = ()
    ports: tuple[PortMapping, ...] = ()
    health: Health = Health()
    image_id: str = ""
    image_mount: ImageMount = ImageMount()
    image_config: str = ""
    args: tuple[str, ...] = ()
    mount_points: tuple[MountPoint, ...] = ()
    request_id: str = ""
    boot_id: str = ""
    has_run: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)


def started(container: Container, pid: int, now: datetime, boot_id: str) -> Container:
    """The container runs."""
    return replace(
        container,
        state=State.RUNNING,
        pid=pid,
        start_time=now,
        finish_time=None,
        exit_code=0,
        oom_killed=False,
        error="",
        stopped_by_user=False,
        has_run=True,
        boot_id=boot_id,
        health=replace(container.health, status=HealthStatus.NONE, failing_streak=0),
    )


def exited(container: Container, status: int, now: datetime, *, oom_killed: bool, error: str = "") -> Container:
    """The container's first process has ended; its addresses are gone."""
    return replace(
        container,
        state=State.EXITED,
        pid=0,
        exit_code=status,
        finish_time=now,
        oom_killed=oom_killed,
        error=error,
        ports=(),
        networks=tuple(_without_addresses(attachment) for attachment in container.networks),
    )


def failed_to_start(container: Container, status: int, error: str, now: datetime) -> Container:
    """The first process never ran: a container that never ran stays created, as docker shows it."""
    state = State.EXITED if container.has_run else State.CREATED
    return replace(container, state=state, pid=0, exit_code=status, error=error, finish_time=now)


def _without_addresses(attachment: NetworkAttachment) -> NetworkAttachment:
    return replace(attachment, ipv4_cidr="", ipv4_gateway="", ipv6_cidr="", ipv6_gateway="", interface="")
