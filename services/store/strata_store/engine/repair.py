"""Getting back what Scrub found damaged: from what is still right here, or through the registry service."""

import sqlite3
from dataclasses import dataclass

from strata_chassis.errors import DataLoss, StrataError
from strata_oci.descriptor import Descriptor
from strata_oci.digest import Digest
from strata_store.adapters.feed import Feed
from strata_store.adapters.ingest import Expected
from strata_store.adapters.records import layers, leases, usage
from strata_store.adapters.records.layers import LayerRecord
from strata_store.adapters.registry import RegistryClient, Source
from strata_store.engine.stores import Stores


@dataclass(frozen=True)
class Repairer:
    """Makes damaged layers again, and lets images have the new ones. What is mounted goes on with the old files."""

    stores: Stores
    registry: RegistryClient | None

    async def repair(self, layer: LayerRecord) -> bool:
        """Replace a quarantined layer; false if its bytes are to be had nowhere."""
        lease = f"repair/{layer.directory}"
        try:
            committed = await self._from_own_tar(layer, lease) or await self._from_registry(layer, lease)
            if committed is None:
                return False
            new = committed.id

            def work(connection: sqlite3.Connection) -> None:
                layers.replace(connection, layer.id, new)

            await self.stores.database.write(work)
        finally:
            await self.stores.database.write(lambda connection: leases.delete(connection, lease))
        return True

    async def _from_own_tar(self, layer: LayerRecord, lease: str) -> LayerRecord | None:
        """Make the layer of its own tar, which is right if only the index was damaged; the diffID tells."""

        async def fill(feed: Feed) -> None:
            async for data in self.stores.layers.export(layer, 0):
                await feed.put(data)
            feed.end()

        expected = Expected(diff_id=Digest.parse(layer.diff_id))
        try:
            return (await self.stores.layers.ingest(fill, expected, lease)).record
        except (StrataError, OSError, EOFError):
            return None

    async def _from_registry(self, layer: LayerRecord, lease: str) -> LayerRecord | None:
        for blob, repository in await self._places(layer):
            try:
                return await self._fetch(layer, blob, Source(repository), lease)
            except StrataError:
                continue
        return None

    async def _fetch(self, layer: LayerRecord, blob: Descriptor, source: Source, lease: str) -> LayerRecord:
        registry = self.registry
        if registry is None:
            raise DataLoss("there is no registry service to ask")

        async def fill(feed: Feed) -> None:
            await registry.fetch(source, blob, feed, lambda _current, _total: None)

        expected = Expected(blob.digest, Digest.parse(layer.diff_id))
        return (await self.stores.layers.ingest(fill, expected, lease, blob)).record

    async def _places(self, layer: LayerRecord) -> list[tuple[Descriptor, str]]:
        """Return the blobs the layer was made of, with the repositories of images that have it."""

        def work(connection: sqlite3.Connection) -> list[tuple[Descriptor, str]]:
            repositories = usage.repositories_of(connection, layer.id)
            return [(blob, repository) for blob in layers.blobs(connection, layer.id) for repository in repositories]

        return await self.stores.database.read(work)
