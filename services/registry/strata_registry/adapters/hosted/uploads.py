"""Uploads on their way: chunk by chunk, across restarts of the service.

An upload is a file that grows; its length is how far it came, and its identifier is random, so that only who began
it can go on.
"""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from strata_chassis.database import Database
from strata_chassis.errors import InvalidArgument, NotFound, OutOfRange, ResourceExhausted
from strata_oci.digest import Digest
from strata_registry.adapters.cache.appender import Appender
from strata_registry.adapters.cache.blob_cache import BlobCache
from strata_registry.core.byte_range import ByteRange
from strata_registry.core.repository import Repository

_ID_BYTES = 16


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """How large, how many at once, and for how long they may lie unfinished."""

    largest_bytes: int
    most_at_once: int
    life_s: float = 86400.0


class Uploads:
    """Takes blobs in."""

    def __init__(self, database: Database, cache: BlobCache, limits: UploadLimits) -> None:
        self._database = database
        self._cache = cache
        self._limits = limits
        self._appenders: dict[str, Appender] = {}
        self._busy: set[str] = set()

    async def begin(self, repository: Repository) -> str:
        """Begin an upload and return its identifier. Raises ResourceExhausted when there are too many."""
        await self.drop_expired()
        identifier = secrets.token_urlsafe(_ID_BYTES)
        begun = await self._database.write(
            lambda connection: (
                connection.execute(
                    "INSERT INTO uploads SELECT ?, ?, ? WHERE (SELECT count(*) FROM uploads) < ?",
                    (identifier, str(repository), time.time(), self._limits.most_at_once),
                ).rowcount
            )
        )
        if not begun:
            raise ResourceExhausted("too many uploads are under way; try again later", reason="TOO_MANY_UPLOADS")
        return identifier

    async def size(self, repository: Repository, identifier: str) -> int:
        """Say how many bytes of an upload have come. Raises NotFound."""
        await self._check(repository, identifier)
        path = self._cache.blobs.layout.upload(identifier)
        return path.stat().st_size if path.exists() else 0

    async def append(
        self, repository: Repository, identifier: str, data: AsyncIterator[bytes], extent: ByteRange | None
    ) -> int:
        """Append data, which must begin where the upload ends; return the new size.

        Raises OutOfRange (UPLOAD_OUT_OF_ORDER), ResourceExhausted (UPLOAD_TOO_LARGE), NotFound.
        """
        async with self._appending(repository, identifier) as appender:
            if extent is not None and extent.start != appender.size:
                raise _out_of_order(extent.start, appender.size)
            await self._take(appender, data)
            return appender.size

    async def finish(self, repository: Repository, identifier: str, digest: Digest, data: AsyncIterator[bytes]) -> None:
        """Append the last data, verify the whole and make it a blob. Raises InvalidArgument (DIGEST_INVALID)."""
        async with self._appending(repository, identifier, digest.algorithm) as appender:
            await self._take(appender, data)
            found = appender.digest()
            if found != digest:
                await self._forget(identifier)
                raise InvalidArgument(
                    f"the upload does not have the digest {digest} but {found}",
                    reason="DIGEST_INVALID",
                    metadata={"expected": str(digest), "received": str(found)},
                )
            await appender.sync()
            await self._cache.adopt(digest, appender.path)
        await self._forget(identifier)

    async def cancel(self, repository: Repository, identifier: str) -> None:
        """Drop an upload. Raises NotFound."""
        await self._check(repository, identifier)
        await self._forget(identifier)

    async def abandon(self, identifier: str) -> None:
        """Drop an upload, if there is one."""
        await self._forget(identifier)

    async def drop_expired(self) -> None:
        """Drop uploads that nobody has finished in time."""
        query = "SELECT id FROM uploads WHERE started_at < ?"
        before = time.time() - self._limits.life_s
        rows = await self._database.read(lambda connection: connection.execute(query, (before,)).fetchall())
        for row in rows:
            if row["id"] not in self._busy:
                await self._forget(row["id"])

    @asynccontextmanager
    async def _appending(
        self, repository: Repository, identifier: str, algorithm: str = "sha256"
    ) -> AsyncIterator[Appender]:
        """Be the only one who writes to an upload."""
        await self._check(repository, identifier)
        if identifier in self._busy:
            raise OutOfRange("another request is writing to this upload", reason="UPLOAD_OUT_OF_ORDER")
        self._busy.add(identifier)
        try:
            yield await self._appender(identifier, algorithm)
        finally:
            self._busy.discard(identifier)

    async def _appender(self, identifier: str, algorithm: str) -> Appender:
        """Return the upload's appender, which keeps its hash from chunk to chunk; a new one reads the file first."""
        known = self._appenders.get(identifier)
        if known is not None and known.algorithm == algorithm:
            return known
        appender = Appender(self._cache.blobs.layout.upload(identifier), algorithm, self._cache.executor)
        await appender.open()
        self._close(identifier)
        self._appenders[identifier] = appender
        return appender

    def close(self) -> None:
        """Close the files; the uploads can go on after the next start."""
        for identifier in list(self._appenders):
            self._close(identifier)

    def _close(self, identifier: str) -> None:
        if identifier in self._appenders:
            self._appenders.pop(identifier).close()

    async def _take(self, appender: Appender, data: AsyncIterator[bytes]) -> None:
        async for piece in data:
            if appender.size + len(piece) > self._limits.largest_bytes:
                raise ResourceExhausted(
                    f"the upload is larger than {self._limits.largest_bytes} bytes",
                    reason="UPLOAD_TOO_LARGE",
                    metadata={"limit": str(self._limits.largest_bytes)},
                )
            await appender.append(piece)

    async def _check(self, repository: Repository, identifier: str) -> None:
        query = "SELECT 1 FROM uploads WHERE id = ? AND repository = ?"
        values = (identifier, str(repository))
        found = await self._database.read(lambda connection: connection.execute(query, values).fetchone())
        if found is None:
            raise NotFound("there is no such upload", reason="UPLOAD_UNKNOWN", metadata={"upload": identifier[:100]})

    async def _forget(self, identifier: str) -> None:
        self._close(identifier)
        loop = asyncio.get_running_loop()
        path = self._cache.blobs.layout.upload(identifier)
        await loop.run_in_executor(self._cache.executor, lambda: path.unlink(missing_ok=True))
        await self._database.write(
            lambda connection: connection.execute("DELETE FROM uploads WHERE id = ?", (identifier,))
        )


def _out_of_order(start: int, size: int) -> OutOfRange:
    return OutOfRange(
        f"the chunk begins at {start}, but the upload has {size} bytes",
        reason="UPLOAD_OUT_OF_ORDER",
        metadata={"start": str(start), "size": str(size)},
    )
