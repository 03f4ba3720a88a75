"""The gateway's process: its settings and its wiring."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from strata.gateway.v1.gateway_pb2_grpc import add_GatewayServiceServicer_to_server

from strata_chassis.config import ServiceConfig, setting
from strata_chassis.metrics import Metrics
from strata_chassis.server import Server
from strata_chassis.service import run_service
from strata_chassis.tls import tls_files
from strata_gateway.adapters.host import installation_id, read_host
from strata_gateway.adapters.peers import Endpoints, connected
from strata_gateway.adapters.spool import SpoolFolder
from strata_gateway.api.engine_service import EngineService
from strata_gateway.api.forwarding import forwarded
from strata_gateway.api.metrics_page import MetricsPage, metrics_served
from strata_gateway.docker_api.api import DockerApi
from strata_gateway.docker_api.serving import docker_served
from strata_gateway.engine.engine import Engine, Latencies
from strata_gateway.engine.info import Installation
from strata_gateway.engine.version import VERSION


@dataclass(frozen=True, kw_only=True)
class GatewayConfig(ServiceConfig):
    """What the gateway can be told."""

    registry: str = setting("", "unix:///path or tcp://host:port of the registry service; default: run-dir")
    store: str = setting("", "the same of the store service")
    runtime: str = setting("", "the same of the runtime service")
    metrics_page: str = setting("tcp://127.0.0.1:9464", "where /metrics of the whole suite is served; empty: nowhere")
    spool_limit_bytes: int = setting(32 << 30, "size of an archive or build context, unpacked, that is still taken")
    docker_listen: tuple[str, ...] = setting((), "where the Docker API is served; default: run-dir/docker.sock")

    @property
    def endpoints(self) -> Endpoints:
        """Where the other services are."""
        return Endpoints(
            self.registry or f"unix://{self.run_dir}/registry.sock",
            self.store or f"unix://{self.run_dir}/store.sock",
            self.runtime or f"unix://{self.run_dir}/runtime.sock",
        )

    @property
    def docker_addresses(self) -> tuple[str, ...]:
        """Where the Docker API is served."""
        return self.docker_listen or (f"unix://{self.run_dir}/docker.sock",)

    @property
    def service_pages(self) -> dict[str, Path]:
        """Where the services, this one included, show their own metrics."""
        names = ("registry", "store", "runtime", "gateway")
        return {name: self.run_dir / f"{name}-metrics.sock" for name in names}


@asynccontextmanager
async def wire(config: GatewayConfig, server: Server, metrics: Metrics) -> AsyncIterator[None]:
    """Put the gateway together."""
    tls = tls_files(config.tls_cert, config.tls_key, config.tls_ca)
    async with AsyncExitStack() as stack:
        peers = await stack.enter_async_context(connected(config.endpoints, tls))
        await stack.enter_async_context(forwarded(config.endpoints, tls, server))
        folder = SpoolFolder(config.state_dir / "gateway", config.spool_limit_bytes)
        engine = Engine(peers, _installation(config), read_host(), Latencies.of(metrics), folder)
        server.add(add_GatewayServiceServicer_to_server, EngineService(engine))
        if config.metrics_page:
            page = MetricsPage(peers, config.service_pages)
            await stack.enter_async_context(metrics_served(config.metrics_page, page))
        await stack.enter_async_context(
            docker_served(DockerApi(engine), config.docker_addresses, config.socket_group, tls)
        )
        yield


def _installation(config: GatewayConfig) -> Installation:
    own_id = installation_id(config.state_dir / "gateway")
    return Installation(own_id, str(config.state_dir), VERSION, config.endpoints)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the gateway until it is told to stop."""
    return run_service("gateway", GatewayConfig, wire, argv)
