"""A store without its gRPC shell: its parts on a folder, layers and images put in by hand."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from itertools import count
from pathlib import Path

from strata_chassis.database import Database
from strata_chassis.executors import Threads
from strata_chassis.metrics import Metrics
from strata_oci.digest import Digest
from strata_store.adapters import database_care
from strata_store.adapters.content_root import ContentRoot
from strata_store.adapters.feed import Feed
from strata_store.adapters.figures import Counts
from strata_store.adapters.ingest import Expected, Limits
from strata_store.adapters.records.garbage import Garbage, Policy
from strata_store.adapters.records.images import ImageRecord
from strata_store.adapters.records.layers import LayerRecord
from strata_store.adapters.records.schema import MIGRATIONS
from strata_store.core.accounts import Report
from strata_store.engine.accounting import Accounting
from strata_store.engine.collector import Collector
from strata_store.engine.image_create import ImageCreator
from strata_store.engine.image_store import ImageStore
from strata_store.engine.layer_store import LayerStore
from strata_store.engine.lease_store import LeaseStore
from strata_store.engine.recovery import recover
from strata_store.engine.stores import Stores

_NUMBERS = count()


def layers_and_stacks(report: Report) -> int:
    """Return what a report says that layers and merged indexes take."""
    return report.stored_bytes - report.records_bytes


@dataclass
class Node:
    """The parts of one store."""

    stores: Stores
    leases: LeaseStore
    creator: ImageCreator
    collector: Collector
    accounting: Accounting

    async def add_layer(self, tar: bytes, lease: str = "test") -> LayerRecord:
        """Store a layer, leased by ``lease``."""

        async def fill(feed: Feed) -> None:
            for start in range(0, len(tar), 1 << 18):
                await feed.put(tar[start : start + (1 << 18)])
            feed.end()

        expected = Expected(diff_id=Digest.of(tar))
        return (await self.stores.layers.ingest(fill, expected, lease)).record

    async def add_image(self, name: str, tars: Sequence[bytes]) -> ImageRecord:
        """Store an image of these layers, held by nothing but its name."""
        lease = f"making/{name}/{next(_NUMBERS)}"
        for tar in tars:
            await self.add_layer(tar, lease=lease)
        diff_ids = [str(Digest.of(tar)) for tar in tars]
        config = {"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": diff_ids}}
        config["config"] = {"Labels": {"name": name}}
        image = await self.creator.create(json.dumps(config).encode(), b"", [name], "")
        await self.leases.delete(lease)
        return image

    async def remove(self, name: str, *, force: bool = False) -> Garbage:
        """Take a name away, and collect."""
        await self.stores.images.remove(name, is_forced=force)
        return await self.collector.collect(Policy())

    async def collect(self, **policy: bool) -> Garbage:
        """Collect."""
        return await self.collector.collect(Policy(**policy))

    async def report(self) -> Report:
        """Account."""
        return await self.accounting.report()

    async def exported(self, record: LayerRecord) -> str:
        """Return the digest of a layer's exact tar, as it would be exported."""
        hasher = sha256()
        async for data in self.stores.layers.export(record, 0):
            hasher.update(data)
        return f"sha256:{hasher.hexdigest()}"

    def disk_bytes(self) -> int:
        """Return what layers and merged indexes take on disk, as du counts."""
        files = [p for p in self.stores.root.path.rglob("*") if p.is_file() and "store.db" not in p.name]
        return sum(file.stat().st_blocks * 512 for file in files)


@asynccontextmanager
async def open_node(folder: Path) -> AsyncIterator[Node]:
    """Open a store on ``folder``, as its service does at start."""
    root = ContentRoot(folder)
    root.prepare()
    database_care.restore_if_damaged(root.path, root.quarantine)
    with Database(folder / "store.db", MIGRATIONS) as database, Threads("store-test", 2) as threads:
        layers = LayerStore(root, database, threads, Limits())
        stores = Stores(root, database, threads, layers, ImageStore(root, database, layers))
        await recover(stores)
        leases = LeaseStore(database)
        yield Node(
            stores=stores,
            leases=leases,
            creator=ImageCreator(stores.images, layers, leases),
            collector=Collector(stores, Counts(Metrics("store"))),
            accounting=Accounting(database, root),
        )
