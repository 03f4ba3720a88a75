"""Making an image present: manifest, config, layers in parallel, commit."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from enum import Enum
from secrets import token_hex

from strata_chassis.errors import Cancelled, DeadlineExceeded, InvalidArgument, StrataError, Unavailable, Unimplemented
from strata_oci import media_types
from strata_oci.descriptor import Descriptor
from strata_oci.digest import Digest
from strata_oci.document import parse_document
from strata_oci.errors import MalformedError
from strata_oci.image_config import ImageConfig
from strata_oci.manifest import Manifest
from strata_store.adapters.feed import Feed
from strata_store.adapters.figures import Counts
from strata_store.adapters.ingest import Expected, Meter
from strata_store.adapters.records import layers, leases
from strata_store.adapters.records.garbage import Policy
from strata_store.adapters.records.images import ImageRecord
from strata_store.adapters.registry import RegistryClient, Source
from strata_store.core.digests import digest_mismatch
from strata_store.engine.collector import Collector
from strata_store.engine.flights import Flights
from strata_store.engine.image_store import Document, NewImage
from strata_store.engine.layer_store import Committed
from strata_store.engine.stores import Stores

_log = logging.getLogger(__name__)
_MAX_CONFIG_BYTES = 8 << 20
_REPORT_EVERY_S = 0.1
_RESUME_NS = 24 * 3600 * 10**9


class LayerState(Enum):
    """Where a layer stands, as the contract has it."""

    WAITING = 1
    DOWNLOADING = 2
    COMMITTING = 3
    COMPLETE = 4
    EXISTS = 5


@dataclass(frozen=True)
class LayerProgress:
    """How far a layer has come."""

    digest: str
    state: LayerState
    current_bytes: int
    total_bytes: int
    unpacked_bytes: int = 0


Report = Callable[[LayerProgress], None]


@dataclass(frozen=True)
class Wanted:
    """An image to be made present, and what to call it."""

    manifest: Digest
    source: Source
    names: tuple[str, ...] = ()
    repo_digests: tuple[str, ...] = ()
    lease: str = ""


class Puller:
    """Fetches images through the registry service, ``parallel_layers`` of their layers at a time."""

    def __init__(
        self, stores: Stores, registry: RegistryClient, collector: Collector, counts: Counts, *, parallel_layers: int
    ) -> None:
        self._registry = registry
        self._database = stores.database
        self._layers = stores.layers
        self._images = stores.images
        self._collector = collector
        self._counts = counts
        self._flights: Flights[LayerProgress] = Flights()
        self._leases: set[str] = set()
        self._slots = asyncio.Semaphore(parallel_layers)

    async def ensure(self, wanted: Wanted, report: Report) -> ImageRecord:
        """Make an image present and return it; ``report`` is told how each layer gets on."""
        started, result = time.monotonic(), "error"
        try:
            image = await self._ensure(wanted, report)
            result = "ok"
        finally:
            self._counts.pull_seconds.labels(result).observe(time.monotonic() - started)
        return image

    async def _ensure(self, wanted: Wanted, report: Report) -> ImageRecord:
        """Pull unless the image is there.

        What a pull has stored stays leased for a day if it was cut off, so that the next one goes on from there; if it
        failed for good, nothing stays.
        """
        present = await self._images.name_existing(wanted.manifest, wanted.names, wanted.repo_digests, wanted.lease)
        if present is not None:
            return present
        if wanted.lease:
            return await self._pull(wanted, report)
        async with self._leased(wanted.manifest) as lease:
            return await self._pull(replace(wanted, lease=lease), report)

    @asynccontextmanager
    async def _leased(self, manifest: Digest) -> AsyncIterator[str]:
        """Hold what a pull stores by a lease of its own, and settle that in the end."""
        prefix = f"pull/{manifest.hex[:16]}/"
        lease = prefix + token_hex(8)
        self._leases.add(lease)
        try:
            now_ns = time.time_ns()
            await self._database.write(lambda connection: leases.put(connection, lease, now_ns, now_ns + _RESUME_NS))
            yield lease
        except (asyncio.CancelledError, Unavailable, DeadlineExceeded, Cancelled):
            self._leases.discard(lease)
            await self._database.write(lambda connection: leases.delete_if_empty(connection, lease))
            raise
        except BaseException:
            self._leases.discard(lease)
            await self._database.write(lambda connection: leases.delete(connection, lease))
            await self._collector.collect(Policy())
            raise
        self._leases.discard(lease)
        # Those of earlier pulls of the image that were cut off have served their purpose, too.
        running = frozenset(self._leases)
        await self._database.write(lambda connection: leases.delete_prefix(connection, prefix, running))

    async def _pull(self, wanted: Wanted, report: Report) -> ImageRecord:
        manifest = await self._manifest(wanted)
        config = await self._config(manifest, wanted.source)
        _check_layers(manifest, config)
        pairs = list(zip(manifest.layers, config.diff_ids, strict=True))
        for blob in manifest.layers:
            report(LayerProgress(str(blob.digest), LayerState.WAITING, 0, blob.size_bytes))
        try:
            async with asyncio.TaskGroup() as tasks:
                running = [tasks.create_task(self._layer(blob, diff, wanted, report)) for blob, diff in pairs]
        except BaseExceptionGroup as group:
            raise _first(group) from None
        document = Document(manifest.media_type, manifest.raw)
        stored = [task.result() for task in running]
        new = NewImage(document, manifest.config.media_type, config, stored, wanted.names, wanted.repo_digests)
        return await self._images.commit(new, wanted.lease)

    async def _manifest(self, wanted: Wanted) -> Manifest:
        media_type, raw = await self._registry.get_manifest(wanted.source, str(wanted.manifest))
        _check_bytes(wanted.manifest, raw, "manifest")
        try:
            document = parse_document(raw, media_type)
        except MalformedError as error:
            raise InvalidArgument(error.message, reason="MANIFEST_INVALID") from error
        if not isinstance(document, Manifest):
            raise _no_image(wanted.manifest, f"of type {media_type}")
        if not document.is_image:
            raise _no_image(wanted.manifest, f"with a config of type {document.config.media_type}")
        return document

    async def _config(self, manifest: Manifest, source: Source) -> ImageConfig:
        descriptor = manifest.config
        if descriptor.size_bytes > _MAX_CONFIG_BYTES:
            raise InvalidArgument(f"the image's config claims {descriptor.size_bytes} bytes", reason="CONFIG_INVALID")
        raw = await self._registry.read(source, descriptor)
        _check_bytes(descriptor.digest, raw, "config")
        try:
            return ImageConfig.parse(raw)
        except MalformedError as error:
            raise InvalidArgument(error.message, reason="CONFIG_INVALID") from error

    async def _layer(self, blob: Descriptor, diff_id: Digest, wanted: Wanted, report: Report) -> Committed:
        """Make one layer present: held if it is there, else fetched, unless somebody else is just doing that."""
        size = blob.size_bytes
        async with self._flights.alone(diff_id, report) as tell:
            record = await self._layers.hold(diff_id, wanted.lease)
            if record is not None:
                known = [blob]
                await self._database.write(lambda connection: layers.add_blobs(connection, record.id, known))
                self._counts.layers.labels("present").inc()
                report(LayerProgress(str(blob.digest), LayerState.EXISTS, size, size, record.logical_bytes))
                return Committed(record)
            async with self._slots:
                committed = await self._fetch(blob, diff_id, wanted, tell)
            done = committed.record.logical_bytes
            self._counts.layers.labels("fetched").inc()
            self._counts.ingested_bytes.inc(done)
            tell(LayerProgress(str(blob.digest), LayerState.COMPLETE, size, size, done))
            return committed

    async def _fetch(self, blob: Descriptor, diff_id: Digest, wanted: Wanted, tell: Report) -> Committed:
        digest = str(blob.digest)
        meter = Meter()
        next_s = 0.0

        def arrived(current: int, total: int) -> None:
            nonlocal next_s
            now_s = time.monotonic()
            if now_s >= next_s:
                next_s = now_s + _REPORT_EVERY_S
                tell(LayerProgress(digest, LayerState.DOWNLOADING, current, total, meter.tar_bytes))

        async def fill(feed: Feed) -> None:
            await self._registry.fetch(wanted.source, blob, feed, arrived)
            tell(LayerProgress(digest, LayerState.COMMITTING, blob.size_bytes, blob.size_bytes, meter.tar_bytes))

        return await self._layers.ingest(fill, Expected(blob.digest, diff_id), wanted.lease, blob, meter)


def _no_image(manifest: Digest, what: str) -> InvalidArgument:
    return InvalidArgument(
        f"{manifest} is no manifest of an image: it is one {what}",
        reason="MANIFEST_INVALID",
        metadata={"digest": str(manifest), "problem": what},
    )


def _check_bytes(expected: Digest, raw: bytes, what: str) -> None:
    if not expected.names(raw):
        found = Digest.of(raw, expected.algorithm)
        raise digest_mismatch(what, expected, found)


def _check_layers(manifest: Manifest, config: ImageConfig) -> None:
    if len(manifest.layers) != len(config.diff_ids):
        raise InvalidArgument(
            f"the manifest has {len(manifest.layers)} layers and the config {len(config.diff_ids)}",
            reason="CONFIG_INVALID",
            metadata={"layers": str(len(manifest.layers)), "diff_ids": str(len(config.diff_ids))},
        )
    for layer in manifest.layers:
        if media_types.compression_of(layer.media_type) is None:
            raise Unimplemented(
                f"layers of type {layer.media_type!r} are not supported",
                reason="MEDIA_TYPE_UNSUPPORTED",
                metadata={"media_type": layer.media_type},
            )


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return what went wrong first; cancellations are only its consequence."""
    leaves: Sequence[BaseException] = group.exceptions
    known = [error for error in leaves if isinstance(error, StrataError)]
    found = known[0] if known else leaves[0]
    return _first(found) if isinstance(found, BaseExceptionGroup) else found
