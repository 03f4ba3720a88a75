"""The registry service, wired."""

import asyncio
import os
import platform as host
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from strata.registry.v1.registry_pb2_grpc import add_RegistryServiceServicer_to_server

from strata_chassis.database import Database
from strata_chassis.errors import InvalidArgument
from strata_chassis.metrics import Metrics
from strata_chassis.server import Server
from strata_chassis.service import run_service
from strata_oci.platform import Platform
from strata_registry.adapters.cache.blob_cache import BlobCache, TransferRules
from strata_registry.adapters.cache.catalogue import MIGRATIONS, Catalogue
from strata_registry.adapters.cache.evictor import Budget, Evictor
from strata_registry.adapters.cache.layout import Layout
from strata_registry.adapters.cache.leases import Leases
from strata_registry.adapters.cache.local_blobs import LocalBlobs
from strata_registry.adapters.cache.traffic import Traffic
from strata_registry.adapters.proxy.blobs import Blobs
from strata_registry.adapters.proxy.cache_keeping import CacheKeeping
from strata_registry.adapters.proxy.listing import Listing
from strata_registry.adapters.proxy.manifests import Manifests, TagRules
from strata_registry.adapters.proxy.pushing import Pushing
from strata_registry.adapters.upstream.authenticator import Authenticator
from strata_registry.adapters.upstream.credential_store import CredentialStore
from strata_registry.adapters.upstream.exchange import Exchange
from strata_registry.adapters.upstream.manifests import UpstreamManifests
from strata_registry.adapters.upstream.session import HttpRules, open_http
from strata_registry.api.registry_service import Proxy, RegistryServicer
from strata_registry.config import RegistryConfig
from strata_registry.core.endpoint import EndpointRules
from strata_registry.core.retry import RetryPolicy

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
        catalogue = Catalogue(stack.enter_context(Database(layout.index, MIGRATIONS)))
        traffic, leases = Traffic(metrics), Leases()
        evictor = Evictor(blobs, leases, catalogue, traffic, Budget(config.cache_bytes, config.cache_grace_s))
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
        cache = BlobCache(blobs, leases, evictor, traffic, executor, tasks=tasks, rules=_transfer_rules(config))
        stack.callback(cache.stop)
        proxy = _proxy(config, exchange, cache, catalogue)
        server.add(add_RegistryServiceServicer_to_server, RegistryServicer(proxy))
        yield


def main(argv: Sequence[str] | None = None) -> int:
    """Run the service."""
    return run_service("registry", RegistryConfig, wire, argv)


async def _exchange(config: RegistryConfig, stack: AsyncExitStack, executor: ThreadPoolExecutor) -> Exchange:
    http = await stack.enter_async_context(open_http(_http_rules(config)))
    credentials = CredentialStore(tuple(map(Path, config.docker_config)) or _usual_credential_files(), executor)
    rules = EndpointRules(parse_mirrors(config.mirrors), config.insecure_registries)
    return Exchange(http, Authenticator(http, credentials), rules, RetryPolicy(attempts=config.retry_attempts))


def _proxy(config: RegistryConfig, exchange: Exchange, cache: BlobCache, catalogue: Catalogue) -> Proxy:
    upstream = UpstreamManifests(exchange)
    return Proxy(
        manifests=Manifests(upstream, cache, catalogue, _tag_rules(config)),
        blobs=Blobs(exchange, cache, is_offline=config.offline),
        listing=Listing(upstream, catalogue, is_offline=config.offline),
        pushing=Pushing(exchange),
        keeping=CacheKeeping(cache),
        host_platform=Platform(host.system(), host.machine()).normal(),
        may_share_paths=config.share_paths,
    )


def parse_mirrors(pairs: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Read ``docker.io=https://mirror`` pairs. Raises InvalidArgument."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for pair in pairs:
        registry, separator, url = pair.partition("=")
        if not separator or not registry or not url:
            raise InvalidArgument(
                f"mirrors: {pair!r} is not REGISTRY=URL", reason="CONFIG_INVALID", metadata={"value": pair}
            )
        found[registry].append(url)
    return {registry: tuple(urls) for registry, urls in found.items()}


def _http_rules(config: RegistryConfig) -> HttpRules:
    return HttpRules(
        ca_files=tuple(map(Path, config.ca_files)),
        certs_dir=config.certs_dir,
        connect_timeout_s=config.connect_timeout_s,
        read_timeout_s=config.read_timeout_s,
        allow_private_redirects=config.allow_private_redirects,
    )


def _tag_rules(config: RegistryConfig) -> TagRules:
    return TagRules(
        ttl_s=config.tag_ttl_s,
        patience_s=config.tag_patience_s,
        is_offline=config.offline,
        serve_deleted_tags=config.serve_deleted_tags,
    )


def _transfer_rules(config: RegistryConfig) -> TransferRules:
    return TransferRules(policy=RetryPolicy(attempts=config.transfer_attempts))


def _usual_credential_files() -> tuple[Path, ...]:
    """Name docker's and podman's files of the user the service runs as."""
    docker = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    podman = (Path(runtime) / "containers" / "auth.json",) if runtime else ()
    return (docker / "config.json", *podman)
