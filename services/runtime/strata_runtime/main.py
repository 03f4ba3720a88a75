"""The runtime service: everything is put together here."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from strata.runtime.v1.runtime_pb2_grpc import add_RuntimeServiceServicer_to_server

from strata_chassis.channel import connect
from strata_chassis.config import ServiceConfig, setting
from strata_chassis.database import Database
from strata_chassis.errors import FailedPrecondition
from strata_chassis.executors import Threads
from strata_chassis.metrics import Metrics
from strata_chassis.server import Server
from strata_chassis.service import run_service
from strata_chassis.tls import tls_files
from strata_runtime.adapters.cgroups import Cgroups
from strata_runtime.adapters.executor import Executor
from strata_runtime.adapters.host import probe_host
from strata_runtime.adapters.launcher_client import LauncherClient
from strata_runtime.adapters.mounts.layers import LayerMounts
from strata_runtime.adapters.mounts.overlay import OverlayMounter
from strata_runtime.adapters.network import NetworkConfig, open_network
from strata_runtime.adapters.oci_runtimes import find_oci_runtimes
from strata_runtime.adapters.processes import boot_id
from strata_runtime.adapters.seccomp_bpf import SeccompCompiler
from strata_runtime.adapters.state import rows
from strata_runtime.adapters.state.journal import Journal
from strata_runtime.adapters.state.migrations import MIGRATIONS
from strata_runtime.adapters.store_client import StoreClient
from strata_runtime.adapters.volumes import Volumes, load_volumes
from strata_runtime.api.containers import ContainerCalls
from strata_runtime.api.files import FileCalls
from strata_runtime.api.info import InfoCalls
from strata_runtime.api.networks import NetworkCalls
from strata_runtime.api.observing import ObservingCalls
from strata_runtime.api.servicer import combined
from strata_runtime.api.sessions import SessionCalls
from strata_runtime.api.volumes import VolumeCalls
from strata_runtime.core.exec_session import ExecSessions
from strata_runtime.core.paths import Paths, default_cgroup_parent
from strata_runtime.engine import recovery
from strata_runtime.engine.background import Background, background
from strata_runtime.engine.containers import Containers
from strata_runtime.engine.launcher_events import LauncherEvents
from strata_runtime.engine.metering import RuntimeCollector
from strata_runtime.engine.parts import Meters, Parts, Settings
from strata_runtime.engine.streams import Streams
from strata_runtime.launcher.places import NotOurs, claim

_SWEEP_EVERY_S = 30.0


@dataclass(frozen=True, kw_only=True)
class RuntimeConfig(ServiceConfig):
    """What the runtime can be told."""

    store: str = setting("", "endpoint of the store service; default: run-dir")
    oci_runtime: str = setting("crun", "OCI runtime for containers that name none: crun or runc")
    cgroup_parent: str = setting("", "cgroup that containers' cgroups are made in; default: one for each run-dir")
    subnet: str = setting("", "address range of the default bridge; empty: a free one")
    warm_namespaces: int = setting(8, "network namespaces kept ready")
    threads: int = setting(4, "threads for mounts and files")
    transfers: int = setting(32, "copies, exports and lists of changes at a time")
    layer_idle_s: float = setting(60.0, "seconds a layer stays mounted that no container stands on")
    log_max_bytes: int = setting(0, "size at which a container's log is rotated; 0: never")
    log_max_files: int = setting(5, "files kept of a rotated log")
    stop_timeout_s: float = setting(10.0, "seconds between the stop signal and the end, if a container names none")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the service until SIGTERM."""
    return run_service("runtime", RuntimeConfig, wire, argv)


@asynccontextmanager
async def wire(config: RuntimeConfig, server: Server, metrics: Metrics) -> AsyncIterator[None]:
    """Build everything, recover what an earlier process left, serve."""
    paths = Paths(config.run_dir, config.state_dir / "runtime")
    claim_directories(paths)
    async with AsyncExitStack() as stack:
        database = stack.enter_context(Database(paths.state_dir / "runtime.db", MIGRATIONS))
        threads = stack.enter_context(Threads("runtime", config.threads))
        memory_thread = stack.enter_context(Threads("layers_in_memory", 1))
        tls = tls_files(config.tls_cert, config.tls_key, config.tls_ca)
        channel = await stack.enter_async_context(connect(_store_endpoint(config), tls))
        writing = await stack.enter_async_context(background())
        working = await stack.enter_async_context(background())
        outside = Outside(database, threads, memory_thread, StoreClient(channel), working, _meters(metrics))
        parts = _parts(config, paths, outside)
        metrics.registry.register(RuntimeCollector(parts))
        stack.push_async_callback(parts.network.stop)
        writing.begin(parts.journal.run())
        await _recover(parts, database)
        working.begin(_sweep_layers(parts.layers, threads, config.layer_idle_s))
        groups = (
            ContainerCalls(parts),
            SessionCalls(parts),
            ObservingCalls(parts, database),
            InfoCalls(parts),
            NetworkCalls(parts),
            FileCalls(parts),
            VolumeCalls(parts),
        )
        server.add(add_RuntimeServiceServicer_to_server, combined(*groups))
        yield


def claim_directories(paths: Paths) -> None:
    """Make root's directories in the run directory, where others may write. Raises FailedPrecondition if they did."""
    for directory, mode in paths.own_directories().items():
        try:
            claim(directory, mode)
        except NotOurs as error:
            raise FailedPrecondition(
                str(error), reason="DIRECTORY_NOT_OURS", metadata={"path": str(directory)}
            ) from error


@dataclass(frozen=True)
class Outside:
    """What is opened and closed around the parts."""

    database: Database
    threads: Threads
    memory_thread: Threads
    store: StoreClient
    background: Background
    meters: Meters


def _meters(metrics: Metrics) -> Meters:
    return Meters(
        start_seconds=metrics.histogram("start_seconds", "Time from the request to a running process."),
        failed_starts=metrics.counter("failed_starts", "Starts that failed.", ["reason"]),
        exits=metrics.counter("exits", "First processes that ended.", ["success"]),
        oom_kills=metrics.counter("oom_kills", "Containers that ended for want of memory."),
    )


def _parts(config: RuntimeConfig, paths: Paths, outside: Outside) -> Parts:
    layers = LayerMounts(paths)
    overlays = OverlayMounter(paths.layer)
    host = probe_host()
    network = open_network(
        NetworkConfig(
            run_dir=config.run_dir,
            state_dir=paths.state_dir,
            subnet=config.subnet,
            warm_namespaces=config.warm_namespaces,
        )
    )
    return Parts(
        settings=Settings(
            cgroup_parent=config.cgroup_parent or default_cgroup_parent(config.run_dir),
            log_max_bytes=config.log_max_bytes,
            log_max_files=config.log_max_files,
            stop_timeout_s=config.stop_timeout_s,
        ),
        paths=paths,
        host=host,
        boot_id=boot_id(),
        runtimes=find_oci_runtimes(paths.oci_runtime_root, config.oci_runtime),
        containers=Containers(random.Random()),  # noqa: S311 -- a name is no secret
        journal=Journal(outside.database),
        launcher=LauncherClient(config.run_dir / "launcher.sock"),
        store=outside.store,
        network=network,
        executor=Executor(layers, overlays),
        layers=layers,
        overlays=overlays,
        volumes=Volumes(paths.volumes),
        cgroups=Cgroups(host.cgroup_version),
        seccomp=SeccompCompiler(),
        threads=outside.threads,
        memory_thread=outside.memory_thread,
        streams=Streams(config.transfers),
        background=outside.background,
        execs=ExecSessions(),
        meters=outside.meters,
    )


async def _recover(parts: Parts, database: Database) -> None:
    """Take everything over, and stay connected to the launcher from then on."""
    parts.layers.recover()
    parts.volumes.load(await database.read(load_volumes))
    recovery.restore(parts, await database.read(rows.load_containers))
    await parts.network.start()
    events = LauncherEvents(parts)
    parts.background.begin(parts.launcher.run(events))
    await events.first_connection.wait()
    await recovery.sweep(parts)
    parts.background.start("removal of containers that ended", recovery.remove_wanted(parts))
    parts.background.start("start of containers that restart with the engine", recovery.start_wanted(parts))


async def _sweep_layers(layers: LayerMounts, threads: Threads, idle_s: float) -> None:
    while True:
        await asyncio.sleep(_SWEEP_EVERY_S)
        await threads.run(layers.sweep, idle_s)


def _store_endpoint(config: RuntimeConfig) -> str:
    return config.store or f"unix://{config.run_dir}/store.sock"
