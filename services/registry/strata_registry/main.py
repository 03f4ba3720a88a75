"""The registry service, wired."""

import asyncio
import os
import platform as host
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from strata.registry.v1.registry_pb2_grpc import add_RegistryServiceServicer_to_server

from strata_chassis.database import Database
from strata_chassis.metrics import Metrics
from strata_chassis.server import Server
from strata_chassis.service import run_service
from strata_oci.platform import Platform
from strata_registry import rules
from strata_registry.adapters.cache.blob_cache import BlobCache
from strata_registry.adapters.cache.catalogue import Catalogue
from strata_registry.adapters.cache.evictor import Budget, Evictor
from strata_registry.adapters.cache.layout import Layout
from strata_registry.adapters.cache.leases import Leases
from strata_registry.adapters.cache.local_blobs import LocalBlobs
from strata_registry.adapters.cache.pins import Pins
from strata_registry.adapters.cache.schema import MIGRATIONS
from strata_registry.adapters.cache.shared import SharedBlobs
from strata_registry.adapters.cache.traffic import Traffic
from strata_registry.adapters.proxy.blobs import Blobs
from strata_registry.adapters.proxy.bundles import Bundles
from strata_registry.adapters.proxy.cache_keeping import CacheKeeping
from strata_registry.adapters.proxy.images import Images
from strata_registry.adapters.proxy.listing import Listing
from strata_registry.adapters.proxy.manifests import Manifests
from strata_registry.adapters.proxy.pushing import Pushing
from strata_registry.adapters.upstream.authenticator import Authenticator
from strata_registry.adapters.upstream.credential_store import CredentialStore
from strata_registry.adapters.upstream.exchange import Exchange
from strata_registry.adapters.upstream.manifests import UpstreamManifests
from strata_registry.adapters.upstream.session import open_http
from strata_registry.api.registry_service import Proxy, RegistryServicer
from strata_registry.config import RegistryConfig

_THREADS = 8


@asynccontextmanager
async def wire(config: RegistryConfig, server: Server, metrics: Metrics) -> AsyncIterator[None]:
    """Build the service and attach it to its server for as long as the block lasts."""
    async with AsyncExitStack() as stack:
        executor = stack.enter_context(ThreadPoolExecutor(_THREADS, thread_name_prefix="cache"))
        exchange = await _exchange(config, stack, executor)
        layout = Layout(config.state_dir / "registry")
        blobs = LocalBlobs(layout)
        blobs.load()
        database = stack.enter_context(Database(layout.index, MIGRATIONS))
        catalogue = Catalogue(database)
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
        cache = await _cache(config, executor, blobs, catalogue, traffic=Traffic(metrics), tasks=tasks)
        stack.callback(cache.stop)
        proxy = _proxy(config, exchange, cache, database, tasks=tasks)
        stack.callback(proxy.manifests.stop)
        server.add(add_RegistryServiceServicer_to_server, RegistryServicer(proxy))
        if config.http_listen:
            from strata_registry.distribution import serving  # costs memory that others need not spend

            await stack.enter_async_context(serving(config, metrics, proxy, cache, database))
        yield


def main(argv: Sequence[str] | None = None) -> int:
    """Run the service."""
    return run_service("registry", RegistryConfig, wire, argv)


async def _exchange(config: RegistryConfig, stack: AsyncExitStack, executor: Executor) -> Exchange:
    http = await stack.enter_async_context(open_http(rules.http_rules(config)))
    files = tuple(map(Path, config.docker_config)) or _usual_credential_files()
    authenticator = Authenticator(http, CredentialStore(files, executor))
    return Exchange(http, authenticator, rules.endpoint_rules(config), rules.request_policy(config))


async def _cache(
    config: RegistryConfig,
    executor: Executor,
    blobs: LocalBlobs,
    catalogue: Catalogue,
    *,
    traffic: Traffic,
    tasks: asyncio.TaskGroup,
) -> BlobCache:
    evictor = Evictor(blobs, Leases(), catalogue, traffic, Budget(config.cache_bytes, config.cache_grace_s))
    transfers = rules.transfer_rules(config)
    shared = await _shared_store(config)
    return BlobCache(blobs, evictor, traffic, executor, tasks=tasks, rules=transfers, shared=shared)


async def _shared_store(config: RegistryConfig) -> SharedBlobs | None:
    if not config.shared_url:
        return None
    from strata_registry.adapters.object_store import ObjectStore, check_reachable  # 20 MB that few need

    store = ObjectStore(config.shared_url, rules.parse_pairs(config.shared_options, "shared_options"))
    await check_reachable(store)
    return store


def _proxy(
    config: RegistryConfig, exchange: Exchange, cache: BlobCache, database: Database, *, tasks: asyncio.TaskGroup
) -> Proxy:
    upstream, catalogue = UpstreamManifests(exchange), Catalogue(database)
    manifests = Manifests(upstream, cache, catalogue, rules.tag_rules(config), tasks=tasks)
    blobs = Blobs(exchange, cache, is_offline=config.offline)
    images = Images(manifests, blobs, cache, catalogue, Pins(database))
    return Proxy(
        manifests=manifests,
        blobs=blobs,
        listing=Listing(upstream, catalogue, is_offline=config.offline),
        pushing=Pushing(exchange),
        keeping=CacheKeeping(cache),
        images=images,
        bundles=Bundles(images, cache, catalogue),
        host_platform=Platform(host.system(), host.machine()).normal(),
        may_share_paths=config.share_paths,
    )


def _usual_credential_files() -> tuple[Path, ...]:
    """Name docker's and podman's files of the user the service runs as."""
    docker = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    podman = (Path(runtime) / "containers" / "auth.json",) if runtime else ()
    return (docker / "config.json", *podman)
