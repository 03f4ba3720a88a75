"""A store of blobs behind the local files, which a fleet of services may share.

The local files stay the first to be asked and the only ones that readers see; the shared store is a nearer upstream,
whose bytes are verified like any other's, and gets a copy of whatever came from farther away. What it keeps is not
this service's to decide: object stores have rules for the life of their objects.
"""

import logging
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Protocol

from strata_chassis.errors import Unavailable
from strata_oci.digest import Digest
from strata_registry.adapters.cache.source import BlobBody, BlobSource

_log = logging.getLogger(__name__)


class SharedBlobs(Protocol):
    """Keeps whole blobs by their digests. Every method raises Unavailable when the store cannot be reached."""

    async def size(self, digest: Digest) -> int | None:
        """Return a blob's length, or None if it is not there."""

    def open(self, digest: Digest, offset: int) -> AbstractAsyncContextManager[BlobBody]:
        """Start a transfer at ``offset``."""

    async def put(self, digest: Digest, path: Path) -> None:
        """Store a verified file; all of it appears at once."""

    async def remove(self, digest: Digest) -> None:
        """Remove a blob, if it is there."""


class SharedFirst:
    """A source that asks the shared store, and upstream for what that has not (or cannot give)."""

    def __init__(self, shared: SharedBlobs, digest: Digest, upstream: BlobSource) -> None:
        self._shared = shared
        self._digest = digest
        self._upstream = upstream
        self.was_shared = False

    @asynccontextmanager
    async def open(self, offset: int) -> AsyncIterator[BlobBody]:
        """Start a transfer. Raises what upstream refuses with."""
        self.was_shared = await self._has()
        source = self._shared.open(self._digest, offset) if self.was_shared else self._upstream.open(offset)
        async with source as body:
            yield body

    async def reject(self) -> None:
        """Remove from the shared store what turned out to be wrong there, before anyone asks again."""
        if not self.was_shared:
            return
        try:
            await self._shared.remove(self._digest)
        except Unavailable as error:
            _log.warning("a wrong object of the shared store could not be removed: %s", error.message)

    async def _has(self) -> bool:
        try:
            return await self._shared.size(self._digest) is not None
        except Unavailable as error:
            _log.warning("the shared store is passed over: %s", error.message)
            return False
