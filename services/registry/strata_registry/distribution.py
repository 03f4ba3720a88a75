"""The distribution API, wired: what the service serves over HTTP when it is told to."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing

from strata_chassis.database import Database
from strata_chassis.metrics import Metrics
from strata_registry import rules
from strata_registry.adapters.cache.blob_cache import BlobCache
from strata_registry.adapters.gatekeeper import Gatekeeper, UserFiles
from strata_registry.adapters.hosted.repositories import HostedRepositories
from strata_registry.adapters.hosted.uploads import UploadLimits, Uploads
from strata_registry.adapters.password_checks import PasswordChecks
from strata_registry.api.http.application import make_application
from strata_registry.api.http.context import DistributionContext
from strata_registry.api.http.listener import listening
from strata_registry.api.registry_service import Proxy
from strata_registry.config import RegistryConfig


@asynccontextmanager
async def serving(
    config: RegistryConfig, metrics: Metrics, proxy: Proxy, cache: BlobCache, database: Database
) -> AsyncIterator[None]:
    """Serve the distribution API for as long as the block lasts."""
    limits = UploadLimits(config.upload_bytes, config.uploads_at_once)
    with closing(Uploads(database, cache, limits)) as uploads, closing(PasswordChecks()) as passwords:
        context = DistributionContext(
            upstreams=rules.upstreams(config),
            manifests=proxy.manifests,
            blobs=proxy.blobs,
            listing=proxy.listing,
            hosted=HostedRepositories(database, cache),
            uploads=uploads,
            gatekeeper=Gatekeeper(UserFiles(config.htpasswd, config.access_tokens), passwords),
            policy=rules.access_policy(config),
        )
        application = make_application(context, metrics)
        async with listening(application, config.http_listen, config.http_tls_cert, config.http_tls_key):
            yield
