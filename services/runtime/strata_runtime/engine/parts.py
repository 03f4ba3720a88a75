"""What the engine's modules work with; wired in main."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from prometheus_client import Counter, Histogram

from strata_chassis.executors import Threads
from strata_runtime.adapters.cgroups import Cgroups
from strata_runtime.adapters.executor import Executor
from strata_runtime.adapters.launcher_client import LauncherClient
from strata_runtime.adapters.mounts.layers import LayerMounts
from strata_runtime.adapters.mounts.overlay import OverlayMounter
from strata_runtime.adapters.seccomp_bpf import SeccompCompiler
from strata_runtime.adapters.state.journal import Journal
from strata_runtime.adapters.store_client import ImageToRun
from strata_runtime.adapters.volumes import Volumes
from strata_runtime.core.bundle.host import Host
from strata_runtime.core.exec_session import ExecSessions
from strata_runtime.core.network.backend import NetworkBackend
from strata_runtime.core.oci_runtime import OciRuntime
from strata_runtime.core.paths import Paths
from strata_runtime.engine.background import Background
from strata_runtime.engine.containers import Containers
from strata_runtime.engine.streams import Streams


class ImageStore(Protocol):
    """The store, as far as containers need it."""

    async def lease_image(self, image: str, container_id: str) -> ImageToRun:
        """Look an image up and keep it for a container."""

    async def end_lease(self, container_id: str) -> None:
        """Keep it no longer."""

    async def leased_containers(self) -> list[str]:
        """IDs of the containers that images are kept for."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator may choose."""

    default_runtime: str = "crun"
    cgroup_parent: str = "/strata"
    log_max_bytes: int = 0
    log_max_files: int = 1
    stop_timeout_s: float = 10.0


@dataclass(frozen=True, slots=True)
class Meters:
    """What is counted as it happens."""

    start_seconds: Histogram
    failed_starts: Counter
    exits: Counter
    oom_kills: Counter


@dataclass(frozen=True, slots=True)
class Parts:
    """The engine's tools."""

    settings: Settings
    paths: Paths
    host: Host
    boot_id: str
    runtimes: Mapping[str, OciRuntime]
    containers: Containers
    journal: Journal
    launcher: LauncherClient
    store: ImageStore
    network: NetworkBackend
    executor: Executor
    layers: LayerMounts
    overlays: OverlayMounter
    volumes: Volumes
    cgroups: Cgroups
    seccomp: SeccompCompiler
    threads: Threads
    memory_thread: Threads
    streams: Streams
    background: Background
    execs: ExecSessions
    meters: Meters

    @staticmethod
    def now() -> datetime:
        """The time, with its zone."""
        return datetime.now(UTC)
