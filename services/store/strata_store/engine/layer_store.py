"""Layers on disk and in the records: ingested, committed, leased, found, read."""

import asyncio
import shutil
import sqlite3
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from strata_chassis.database import Database
from strata_chassis.errors import Cancelled, OutOfRange, Unavailable
from strata_chassis.executors import Threads
from strata_oci.descriptor import Descriptor
from strata_oci.digest import Digest
from strata_store.adapters import hole_map, ingest
from strata_store.adapters.content_root import AUX, INDEX, TAR, ContentRoot, stored_bytes
from strata_store.adapters.feed import Feed
from strata_store.adapters.ingest import Built, Donor, Expected, Limits, Meter, Received
from strata_store.adapters.kernel import give_back_memory
from strata_store.adapters.own_thread import in_own_thread
from strata_store.adapters.records import layers, leases
from strata_store.adapters.records.layers import LayerRecord, NewLayer
from strata_store.core.contents import Place, choose_donors
from strata_store.core.inode import Inode
from strata_store.core.layer_index import read_layer_index

_IDLE_S = 1.0
Fill = Callable[[Feed], Awaitable[None]]
"""Puts a layer's bytes into a feed, and ends it."""


@dataclass(frozen=True)
class Committed:
    """A layer that is stored. ``tree`` is there if it was made just now, and saves reading the index again."""

    record: LayerRecord
    tree: Inode | None = None


@dataclass(frozen=True)
class LayerFiles:
    """Where a layer's index and devices lie. ``key`` is equal exactly for equal mounts."""

    key: str
    index: Path
    devices: tuple[Path, ...]


@dataclass(frozen=True)
class LayerDetails:
    """A layer, the blobs it was made from, and how many images have it."""

    record: LayerRecord
    blobs: list[Descriptor]
    images: int


class LayerStore:
    """All layers of the node."""

    def __init__(self, root: ContentRoot, database: Database, threads: Threads, limits: Limits) -> None:
        self._root = root
        self._database = database
        self._threads = threads
        self._limits = limits
        self._running = 0
        self._settling = asyncio.Lock()

    async def hold(self, diff_id: Digest, lease: str) -> LayerRecord | None:
        """Put a lease on a layer if it is there."""

        def work(connection: sqlite3.Connection) -> LayerRecord | None:
            found = layers.find(connection, diff_id)
            if found is not None:
                leases.ensure(connection, lease, time.time_ns())
                leases.hold(connection, lease, layers=[found.id])
            return found

        return await self._database.write(work)

    async def ingest(
        self,
        fill: Fill,
        expected: Expected,
        lease: str,
        blob: Descriptor | None = None,
        meter: Meter | None = None,
    ) -> Committed:
        """Store a layer from its bytes, leased from the moment it is there.

        Cancelling throws away what has arrived. Raises what ``fill`` raises, and what ``ingest.receive`` does.
        """
        async with self._at_work(), self._scratch() as scratch:
            received = await self._receive(fill, scratch, expected, meter)
            async with self._settling:
                return await self._settle(received, lease, blob)

    async def _settle(self, received: Received, lease: str, blob: Descriptor | None) -> Committed:
        """Borrow, build and commit, one layer at a time: what arrives together is shared as well."""
        existing = await self.hold(received.diff_id, lease)
        if existing is not None:
            return Committed(existing)
        known, donors = await self._borrow(received, lease)
        built = await in_own_thread("layer-build", lambda: ingest.build(received, known, donors))
        return await self._commit(built, lease, blob)

    @asynccontextmanager
    async def _at_work(self) -> AsyncIterator[None]:
        """Count what runs; when nothing has run for a while, memory is given back."""
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1
            asyncio.get_running_loop().call_later(_IDLE_S, self._rest)

    def _rest(self) -> None:
        if not self._running:
            give_back_memory()

    @asynccontextmanager
    async def _scratch(self) -> AsyncIterator[Path]:
        scratch = self._root.new_scratch()
        try:
            yield scratch
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    async def _receive(self, fill: Fill, scratch: Path, expected: Expected, meter: Meter | None) -> Received:
        feed = Feed()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_filled(fill, feed))
                return await in_own_thread(
                    "layer-ingest",
                    lambda: ingest.receive(feed, scratch, expected, self._limits, meter),
                    lambda: feed.end(Cancelled("the layer is no longer wanted")),
                )
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from None
        finally:
            feed.close()

    async def _borrow(self, received: Received, lease: str) -> tuple[dict[bytes, Place], dict[int, Donor]]:
        """Find whom to borrow from, and hold them: until the commit, nothing else shows that they are needed."""
        contents = received.contents
        wanted = [digest for digest, _ in contents.plain()]

        def look_up(connection: sqlite3.Connection) -> dict[bytes, Place]:
            return layers.lenders(connection, wanted)

        def take(connection: sqlite3.Connection) -> tuple[dict[bytes, Place], list[LayerRecord]]:
            chosen, known = choose_donors(contents, layers.lenders(connection, wanted))
            leases.ensure(connection, lease, time.time_ns())
            leases.hold(connection, lease, layers=chosen)
            return known, [layers.by_id(connection, layer) for layer in chosen]

        if not await self._database.read(look_up):
            return {}, {}
        known, records = await self._database.write(take)
        return known, {r.id: Donor(r.id, self._root.layer(r.directory) / TAR, r.logical_bytes) for r in records}

    async def _commit(self, built: Built, lease: str, blob: Descriptor | None) -> Committed:
        received = built.received
        scratch = received.scratch
        stored, index_bytes = stored_bytes(scratch), stored_bytes(scratch / INDEX)
        directory = self._root.commit_layer(scratch, received.diff_id.hex)
        record = LayerRecord(
            id=0,
            diff_id=str(received.diff_id),
            directory=directory,
            logical_bytes=received.tar_bytes,
            stored_bytes=stored,
            index_bytes=index_bytes,
            borrowed_bytes=sum(size for _, _, size in built.borrowed),
            entries=received.entries,
            index_digest=built.index_digest,
            stored_at_ns=time.time_ns(),
        )
        new = NewLayer(record, built.owned, built.first_donor_device, built.donors, built.borrowed)

        def work(connection: sqlite3.Connection) -> LayerRecord:
            added = layers.add(connection, new)
            if layers.borrows_damage(connection, added.id):
                raise Unavailable("a layer it shares files with was just found damaged", reason="DONOR_DAMAGED")
            if blob is not None:
                layers.add_blobs(connection, added.id, [blob])
            leases.ensure(connection, lease, time.time_ns())
            leases.hold(connection, lease, layers=[added.id])
            return added

        try:
            return Committed(await self._database.write(work), built.tree)
        except BaseException as error:
            # A write may have been made although we were told to stop: asking comes after it in the queue.
            if not await self._database.write(lambda connection: layers.is_recorded(connection, directory)):
                self._root.remove_layer(directory)
            existing = await self.hold(received.diff_id, lease) if isinstance(error, sqlite3.IntegrityError) else None
            if existing is None:
                raise
            return Committed(existing)

    # Reading.

    async def details(self, diff_id: Digest) -> LayerDetails:
        """Return a layer with what is known about it. Raises NotFound (LAYER_UNKNOWN)."""
        return await self._database.read(lambda connection: _details(connection, layers.get(connection, diff_id)))

    async def page(self, after: str, size: int) -> list[LayerDetails]:
        """Return layers by diffID."""

        def work(connection: sqlite3.Connection) -> list[LayerDetails]:
            return [_details(connection, record) for record in layers.page(connection, after, size)]

        return await self._database.read(work)

    async def files(self, record: LayerRecord) -> LayerFiles:
        """Say where a layer's files are."""
        donors = await self._database.read(lambda connection: layers.donors(connection, record.id))
        directory = self._root.layer(record.directory)
        aux = [directory / AUX] if (directory / AUX).exists() else []
        lent = [self._root.layer(donor.directory) / TAR for _, donor in donors]
        return LayerFiles(record.mount_key, directory / INDEX, (directory / TAR, *aux, *lent))

    async def tree(self, record: LayerRecord) -> Inode:
        """Read a layer's tree back from its index."""
        path = self._root.layer(record.directory) / INDEX
        return await self._threads.run(lambda: read_layer_index(path.read_bytes()))

    async def export(self, record: LayerRecord, offset: int) -> AsyncGenerator[bytes, None]:
        """Yield the exact tar from ``offset`` on; whoever calls holds the layer."""
        if not 0 <= offset <= record.logical_bytes:
            raise OutOfRange(
                f"the layer has {record.logical_bytes} bytes: there is nothing at {offset}",
                reason="OFFSET_INVALID",
                metadata={"offset": str(offset), "size": str(record.logical_bytes)},
            )
        files = await self.files(record)
        holes = await self._threads.run(hole_map.read, files.index.parent)
        pieces = hole_map.read_tar(files.devices, holes, record.logical_bytes, offset)
        while (piece := await self._threads.run(_next, pieces)) is not None:
            yield piece


def _details(connection: sqlite3.Connection, record: LayerRecord) -> LayerDetails:
    return LayerDetails(record, layers.blobs(connection, record.id), layers.count_images(connection, record.id))


async def _filled(fill: Fill, feed: Feed) -> None:
    try:
        await fill(feed)
    except BaseException as error:
        feed.end(error)
        raise


def _next(pieces: Iterator[bytes]) -> bytes | None:
    return next(pieces, None)
