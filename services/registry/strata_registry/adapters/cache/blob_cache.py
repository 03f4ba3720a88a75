"""The cache of blobs: one transfer for any number of readers."""

import asyncio
import logging
from collections.abc import AsyncIterator
from concurrent.futures import Executor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from strata_chassis import deadline
from strata_chassis.durable import write_atomic
from strata_chassis.errors import (
    FailedPrecondition,
    NotFound,
    OutOfRange,
    PermissionDenied,
    ResourceExhausted,
    Unauthenticated,
    Unavailable,
)
from strata_oci.digest import Digest
from strata_registry.adapters.cache.appender import Appender
from strata_registry.adapters.cache.download import Download
from strata_registry.adapters.cache.evictor import Evictor
from strata_registry.adapters.cache.local_blobs import LocalBlobs
from strata_registry.adapters.cache.reader import BlobReader
from strata_registry.adapters.cache.shared import SharedBlobs, SharedFirst
from strata_registry.adapters.cache.source import BlobSource, Nowhere, not_here
from strata_registry.adapters.cache.traffic import Traffic
from strata_registry.core.retry import RetryPolicy

_log = logging.getLogger(__name__)
_NAME_LIFE_S = 60.0
_REFUSALS = (NotFound, Unauthenticated, PermissionDenied, FailedPrecondition, ResourceExhausted)


@dataclass(frozen=True, slots=True)
class TransferRules:
    """How transfers behave: when they are tried again, how large they get, how long they outlive their last reader."""

    policy: RetryPolicy
    largest_bytes: int
    linger_s: float = 5.0


class BlobCache:
    """Opens blobs, fetching those that are not here; transfers run in ``tasks`` and belong to the cache."""

    def __init__(
        self,
        blobs: LocalBlobs,
        evictor: Evictor,
        traffic: Traffic,
        executor: Executor,
        *,
        tasks: asyncio.TaskGroup,
        rules: TransferRules,
        shared: SharedBlobs | None = None,
    ) -> None:
        self.blobs = blobs
        self.evictor = evictor
        self.traffic = traffic
        self.executor = executor
        self._leases = evictor.leases
        self._tasks = tasks
        self._rules = rules
        self._shared = shared
        self._downloads: dict[Digest, tuple[Download, asyncio.Task[None]]] = {}
        evictor.leases.when_free = self._when_free

    @asynccontextmanager
    async def open(self, digest: Digest, source: BlobSource | None) -> AsyncIterator[BlobReader]:
        """Open a blob for the length of the block; without a ``source`` only what is here or on its way is found.

        Raises NotFound, or what the source refuses with.
        """
        with self._leases.hold(digest):
            reader = await self._reader(digest, source)
            try:
                yield reader
            finally:
                reader.close()
                if reader.was_cached:
                    self.traffic.count_bytes(reader.served_bytes, from_cache=True)

    def has(self, digest: Digest) -> bool:
        """Tell whether a blob is here, whole."""
        return self.blobs.held(digest) is not None

    async def content(self, digest: Digest, limit_bytes: int) -> bytes | None:
        """Return a small blob that is here or in the shared store; None if it is in neither."""
        if self._shared is None and not self.has(digest):
            return None
        try:
            async with self.open(digest, None) as reader:
                return await reader.read_whole(limit_bytes)
        except (NotFound, OutOfRange, Unavailable):
            return None

    async def put(self, digest: Digest, content: bytes) -> None:
        """Keep small, verified content as a blob."""
        if not self.has(digest):
            with self._leases.hold(digest):
                await asyncio.get_running_loop().run_in_executor(self.executor, self._put, digest, content)
                await self._share(digest, self.blobs.layout.blob(digest), None)
                await self.evictor.keep_budget(self.executor)

    async def adopt(self, digest: Digest, path: Path) -> None:
        """Keep a verified, synced file as a blob; ``path`` stays, as a second name that the caller removes."""
        with self._leases.hold(digest):
            if not self.has(digest):
                loop = asyncio.get_running_loop()
                await loop.run_in_executor(self.executor, self.blobs.commit, digest, path)
                await self._share(digest, path, None)
                await self.evictor.keep_budget(self.executor)

    async def settle(self) -> None:
        """Wait until what has arrived whole is committed."""
        commits = [task for download, task in self._downloads.values() if download.is_over]
        if commits:
            await asyncio.wait(commits)

    def stop(self) -> None:
        """Stop all transfers; what arrived is kept, and what is whole is still committed."""
        for download, task in self._downloads.values():
            if not download.is_over:
                task.cancel()

    async def partial_usage(self) -> tuple[int, int]:
        """Count partial blobs and their bytes."""
        loop = asyncio.get_running_loop()
        sizes = await loop.run_in_executor(
            self.executor, lambda: [held.size_bytes for *_, held in self.blobs.partials()]
        )
        return len(sizes), sum(sizes)

    async def drop_partials(self) -> tuple[int, int]:
        """Remove partial blobs that are not on their way; return their number and bytes."""
        idle = [(path, held) for digest, path, held in self.blobs.partials() if digest not in self._downloads]
        for path, _ in idle:
            path.unlink(missing_ok=True)
        return len(idle), sum(held.size_bytes for _, held in idle)

    async def _reader(self, digest: Digest, source: BlobSource | None) -> BlobReader:
        while True:
            if (reader := self._whole(digest)) is not None:
                self.traffic.count_request(is_hit=True)
                return reader
            download, is_own = self._join(digest, source)
            was_whole = download.is_verified
            try:
                await download.begin()
            except _REFUSALS:
                if is_own or source is None:
                    raise
                continue  # refused to somebody else: ask with our own credentials
            self.traffic.count_request(is_hit=was_whole)
            reader = BlobReader(download.path, None, download, self.executor)
            reader.was_cached = was_whole
            return reader

    def _whole(self, digest: Digest) -> BlobReader | None:
        """Open a blob that is here, if it is; one whose file somebody removed is no longer."""
        held = self.blobs.held(digest)
        if held is None:
            return None
        try:
            self.blobs.touch(digest)
            return BlobReader(self.blobs.layout.blob(digest), held.size_bytes, None, self.executor)
        except FileNotFoundError:
            self.blobs.forget(digest)
            return None

    def _join(self, digest: Digest, source: BlobSource | None) -> tuple[Download, bool]:
        if digest in self._downloads and self._downloads[digest][0].error is None:
            return self._downloads[digest][0], False
        path = self.blobs.layout.partial_blob(digest)
        if source is None and self._shared is None and not path.exists():
            raise not_here(digest)
        source = source or Nowhere(digest)
        if self._shared is not None:
            source = SharedFirst(self._shared, digest, source)
        appender = Appender(path, digest.algorithm, self.executor)
        rules = self._rules
        download = Download(digest, appender, source, rules.policy, largest_bytes=rules.largest_bytes)
        with deadline.bound(None):  # the transfer outlives the request that started it
            task = self._tasks.create_task(self._carry(download), name=f"download-{digest}")
        self._downloads[digest] = download, task
        return download, True

    async def _carry(self, download: Download) -> None:
        """Run a transfer and commit what it brought; its readers learn the outcome from the download itself."""
        try:
            if await self._transferred(download):
                await self._commit(download)
        except Exception:  # noqa: BLE001 - the border of the task: one transfer must not end the others
            _log.exception("the blob %s could not be kept", download.digest)
        finally:
            download.close()
            if self._downloads.get(download.digest, (None,))[0] is download:
                del self._downloads[download.digest]
            self._tidy(download)

    async def _transferred(self, download: Download) -> bool:
        self.traffic.upstream_transfers.inc()
        self.traffic.in_flight.inc()
        try:
            return await download.run()
        finally:
            self.traffic.in_flight.dec()
            self.traffic.count_bytes(download.received_bytes, from_cache=False)

    async def _commit(self, download: Download) -> None:
        """Make the blob durable behind the readers' backs: they have its bytes already."""
        await download.sync()
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self.executor, self.blobs.commit, download.digest, download.path)
        await self._share(download.digest, download.path, download.source)
        await self.evictor.keep_budget(self.executor)

    async def _share(self, digest: Digest, path: Path, source: BlobSource | None) -> None:
        """Give the shared store what it has not; a store that is away misses this one."""
        if self._shared is None or (isinstance(source, SharedFirst) and source.was_shared):
            return
        try:
            await self._shared.put(digest, path)
        except Unavailable as error:
            _log.warning("%s was not shared: %s", digest, error.message)

    def _tidy(self, download: Download) -> None:
        """Remove the partial file, unless the transfer can go on with it or somebody may still open it."""
        if download.is_verified:
            self._drop_name_later(download.digest)
        elif not (isinstance(download.error, Unavailable) and download.readable_bytes > 0):
            download.path.unlink(missing_ok=True)

    def _when_free(self, digest: Digest) -> None:
        if digest in self._downloads:
            asyncio.get_running_loop().call_later(self._rules.linger_s, self._stop_if_free, digest)
        elif self.has(digest) and self.blobs.layout.partial_blob(digest).exists():
            self._drop_name_later(digest)

    def _drop_name_later(self, digest: Digest) -> None:
        """Remove a blob's first name, but not at once.

        A caller that reads by path is told of it in a message, which it may see after the stream has ended.
        """
        asyncio.get_running_loop().call_later(_NAME_LIFE_S, self._drop_name, digest)

    def _drop_name(self, digest: Digest) -> None:
        if digest not in self._downloads and self.has(digest) and not self._leases.is_held(digest):
            self.blobs.layout.partial_blob(digest).unlink(missing_ok=True)

    def _stop_if_free(self, digest: Digest) -> None:
        if digest in self._downloads and not self._leases.is_held(digest):
            download, task = self._downloads[digest]
            if not download.is_over:
                task.cancel()

    def _put(self, digest: Digest, content: bytes) -> None:
        path = self.blobs.layout.partial_blob(digest)
        write_atomic(path, content, mode=0o640)
        self.blobs.commit(digest, path)
        path.unlink(missing_ok=True)
