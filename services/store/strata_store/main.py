"""Wires the store's parts together and serves them."""

import logging
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from strata.store.v1.store_pb2_grpc import add_StoreServiceServicer_to_server

from strata_chassis.channel import connect
from strata_chassis.database import Database
from strata_chassis.executors import Threads
from strata_chassis.logs import fields
from strata_chassis.metrics import Metrics
from strata_chassis.server import Server
from strata_chassis.service import run_service
from strata_chassis.tls import tls_files
from strata_store.adapters import database_care
from strata_store.adapters.content_root import ContentRoot
from strata_store.adapters.figures import Counts, StoredFigures
from strata_store.adapters.ingest import Limits
from strata_store.adapters.records.schema import MIGRATIONS
from strata_store.adapters.registry import RegistryClient
from strata_store.api.servicer import Parts, StoreServicer
from strata_store.config import StoreConfig
from strata_store.engine.accounting import Accounting
from strata_store.engine.collector import Collector
from strata_store.engine.export import Exporter
from strata_store.engine.image_create import ImageCreator
from strata_store.engine.image_store import ImageStore
from strata_store.engine.layer_store import LayerStore
from strata_store.engine.lease_store import LeaseStore
from strata_store.engine.pull import Puller
from strata_store.engine.recovery import recover
from strata_store.engine.repair import Repairer
from strata_store.engine.scrub import Scrubber
from strata_store.engine.stores import Stores

_log = logging.getLogger(__name__)
_THREADS = 4


@asynccontextmanager
async def wire(config: StoreConfig, server: Server, metrics: Metrics) -> AsyncIterator[None]:
    """Open the content root, put away what was left half-done, and serve until the end."""
    root = ContentRoot(config.state_dir / "store")
    root.prepare()
    problem = database_care.restore_if_damaged(root.path, root.quarantine)
    if problem:
        _log.error("the database is damaged: it was put aside", extra=fields(problem=problem))
    metrics.registry.register(StoredFigures(root))
    address = config.registry or f"unix://{config.run_dir}/registry.sock"
    channel = connect(address, tls_files(config.tls_cert, config.tls_key, config.tls_ca))
    with (
        Database(root.path / database_care.DATABASE, MIGRATIONS) as database,
        Threads("store-files", _THREADS) as threads,
    ):
        async with channel:
            stores = _stores(config, root, database, threads)
            await recover(stores)
            parts = _parts(config, stores, RegistryClient(channel), Counts(metrics))
            server.add(add_StoreServiceServicer_to_server, StoreServicer(parts))
            yield
    _keep_copy(root)


def _keep_copy(root: ContentRoot) -> None:
    try:
        database_care.copy(root.path)
    except (OSError, sqlite3.Error) as error:  # the old copy is still there
        _log.warning("no copy of the database was made", extra=fields(problem=str(error)))


def _stores(config: StoreConfig, root: ContentRoot, database: Database, threads: Threads) -> Stores:
    limits = Limits(config.max_layer_bytes, config.max_layer_inodes, config.max_layer_metadata_bytes)
    layers = LayerStore(root, database, threads, limits)
    return Stores(root, database, threads, layers, ImageStore(root, database, layers))


def _parts(config: StoreConfig, stores: Stores, registry: RegistryClient, counts: Counts) -> Parts:
    leases = LeaseStore(stores.database)
    collector = Collector(stores, counts)
    return Parts(
        images=stores.images,
        creator=ImageCreator(stores.images, stores.layers, leases),
        layers=stores.layers,
        exporter=Exporter(stores, collector),
        leases=leases,
        puller=Puller(stores, registry, collector, counts, parallel_layers=config.parallel_layers),
        collector=collector,
        accounting=Accounting(stores.database, stores.root),
        scrubber=Scrubber(stores, Repairer(stores, registry), collector, rate_bytes_per_s=config.scrub_bytes_per_s),
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the service; returns the exit status of the process."""
    return run_service("store", StoreConfig, wire, argv)
