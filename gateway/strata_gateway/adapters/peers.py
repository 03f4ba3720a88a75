"""The services behind the gateway: where they listen, and typed stubs for calling them."""

import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from grpc_health.v1.health_pb2_grpc import HealthStub
from strata.registry.v1.registry_pb2_grpc import RegistryServiceStub
from strata.runtime.v1.runtime_pb2_grpc import RuntimeServiceStub
from strata.store.v1.store_pb2_grpc import StoreServiceStub

from strata_chassis.channel import connect
from strata_chassis.tls import TlsFiles

if TYPE_CHECKING:  # these names exist for type checkers only
    from strata.registry.v1.registry_pb2_grpc import RegistryServiceAsyncStub
    from strata.runtime.v1.runtime_pb2_grpc import RuntimeServiceAsyncStub
    from strata.store.v1.store_pb2_grpc import StoreServiceAsyncStub


@dataclass(frozen=True)
class Endpoints:
    """Where the services listen: ``unix:///path`` or ``tcp://host:port``."""

    registry: str
    store: str
    runtime: str


@dataclass(frozen=True)
class Peers:
    """One stub per service; calls raise StrataError."""

    registry: "RegistryServiceAsyncStub"
    store: "StoreServiceAsyncStub"
    runtime: "RuntimeServiceAsyncStub"
    health: Mapping[str, Any]  # HealthStub, which has no types


@contextlib.asynccontextmanager
async def connected(endpoints: Endpoints, tls: TlsFiles | None = None) -> AsyncIterator[Peers]:
    """Stubs over channels that connect when first used and are closed at the end of the block."""
    async with (
        connect(endpoints.registry, tls) as registry,
        connect(endpoints.store, tls) as store,
        connect(endpoints.runtime, tls) as runtime,
    ):
        channels = {"registry": registry, "store": store, "runtime": runtime}
        yield Peers(
            RegistryServiceStub(registry),
            StoreServiceStub(store),
            RuntimeServiceStub(runtime),
            {name: HealthStub(channel) for name, channel in channels.items()},
        )
