"""One transfer of a blob into the cache, which any number of readers may follow.

The last byte stays hidden until the digest of all of them is right: a reader may see wrong bytes, but never enough
of them to take them for the blob.
"""

import asyncio
import errno
import random

from strata_chassis.errors import DataLoss, Internal, OutOfRange, ResourceExhausted, StrataError, Unavailable
from strata_oci.digest import Digest
from strata_registry.adapters.cache.appender import Appender
from strata_registry.adapters.cache.source import BlobBody, BlobSource
from strata_registry.core.answers import digest_mismatch
from strata_registry.core.retry import Failure, RetryPolicy, next_delay_s


class Download:
    """A blob on its way; ``run`` it once, in a task of its own."""

    def __init__(
        self, digest: Digest, appender: Appender, source: BlobSource, policy: RetryPolicy, *, largest_bytes: int
    ) -> None:
        self.digest = digest
        self.path = appender.path
        self.size: int | None = None
        self.is_verified = False
        self.error: StrataError | None = None
        self.received_bytes = 0
        self._appender = appender
        self.source = source
        self._policy = policy
        self._largest_bytes = largest_bytes
        self._has_begun = False
        self._changed = asyncio.Event()

    @property
    def is_over(self) -> bool:
        """Tell whether nothing more will come."""
        return self.is_verified or self.error is not None

    @property
    def readable_bytes(self) -> int:
        """Count the bytes that readers may have by now."""
        if self.is_verified or self.size is None:
            return self._appender.size
        return max(0, min(self._appender.size, self.size - 1))

    async def reach(self, offset: int) -> int:
        """Wait for bytes beyond ``offset``, or the verified end; return ``readable_bytes``.

        Raises the error with which the transfer ended.
        """
        while not self.is_over and self.readable_bytes <= offset:
            await self._changed.wait()
        if self.error is not None:
            raise self.error
        return self.readable_bytes

    async def begin(self) -> None:
        """Wait until the source answered: then the size is known, if it ever is. Raises as ``reach`` does."""
        while not self.is_over and not self._has_begun:
            await self._changed.wait()
        if self.error is not None:
            raise self.error

    async def run(self) -> bool:
        """Transfer and verify; tell whether the file now holds the blob. Errors go to the readers."""
        try:
            await self._appender.open()
            await self._transfer()
            await self._verify()
        except StrataError as error:
            self._end(error)
        except OSError as error:
            self._end(_disk_error(error, self.digest))
        except asyncio.CancelledError:
            self._end(Unavailable("the transfer was stopped", reason="TRANSFER_STOPPED"))
            raise
        except BaseException:
            self._end(Internal(f"the transfer of {self.digest} failed"))
            raise
        else:
            self._end(None)
        return self.is_verified

    async def sync(self) -> None:
        """Force the file to the disk."""
        await self._appender.sync()

    def close(self) -> None:
        """Close the file; readers have their own descriptors."""
        self._appender.close()

    def _end(self, error: StrataError | None) -> None:
        self.error = error
        self.is_verified = error is None
        self._announce()

    def _announce(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def _transfer(self) -> None:
        """Transfer to the end; go on where it broke for as long as attempts bring bytes."""
        failures = 0
        while not self._is_whole():
            before = self._appender.size
            try:
                await self._transfer_once()
            except OutOfRange:
                return  # the file is as long as the blob, or longer: its digest will tell
            except Unavailable:
                if not self._has_begun:
                    raise  # nobody has answered at all, and the source has tried more than once
                failures = 1 if self._appender.size > before else failures + 1
                delay_s = next_delay_s(Failure(), failures, self._policy, random.random())  # noqa: S311 (jitter)
                if delay_s is None:
                    raise
                await asyncio.sleep(delay_s)
            else:
                return

    def _is_whole(self) -> bool:
        """Tell whether nothing is missing; a killed process may have left everything but the last step."""
        return self._appender.size == self.size or (self.size is None and self._appender.digest() == self.digest)

    async def _transfer_once(self) -> None:
        async with self.source.open(self._appender.size) as body:
            self._learn_size(body)
            surplus = self._appender.size - body.start
            while piece := await body.read():
                if surplus:
                    piece, surplus = piece[surplus:], max(0, surplus - len(piece))
                if piece:
                    await self._take(piece)
        if self.size is not None and self._appender.size < self.size:
            raise Unavailable("the transfer ended before the blob was whole", reason="TRANSFER_TRUNCATED")

    async def _take(self, piece: bytes) -> None:
        if self.size is not None and self._appender.size + len(piece) > self.size:
            raise _wrong_size(self.digest, self.size)
        self._check_size(self._appender.size + len(piece))
        await self._appender.append(piece)
        self.received_bytes += len(piece)
        self._announce()

    def _check_size(self, size_bytes: int) -> None:
        """Refuse what is larger than any blob may be; without a promised size nothing else would end it."""
        if size_bytes > self._largest_bytes:
            raise ResourceExhausted(
                f"the blob {self.digest} is larger than {self._largest_bytes} bytes",
                reason="BLOB_TOO_LARGE",
                metadata={"digest": str(self.digest), "limit": str(self._largest_bytes)},
            )

    def _learn_size(self, body: BlobBody) -> None:
        self._has_begun = True
        if body.size is None:
            self._announce()
            return
        self._check_size(body.size)
        if self.size not in {None, body.size} or body.size < self._appender.size:
            raise _wrong_size(self.digest, body.size)
        self.size = body.size
        self._announce()

    async def _verify(self) -> None:
        found = self._appender.digest()
        if found != self.digest:
            await self.source.reject()
            raise digest_mismatch(str(self.digest), str(found), str(self.digest))
        self.size = self._appender.size


def _wrong_size(digest: Digest, size: int) -> DataLoss:
    return DataLoss(
        f"content of {digest} does not have the {size} bytes that were promised",
        reason="SIZE_MISMATCH",
        metadata={"digest": str(digest), "size": str(size)},
    )


def _disk_error(error: OSError, digest: Digest) -> StrataError:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return ResourceExhausted(
            f"no space left in the registry's cache for {digest}", reason="DISK_FULL", metadata={"digest": str(digest)}
        )
    return Internal(f"the registry's cache cannot be written: {error.strerror}", reason="CACHE_UNWRITABLE")
