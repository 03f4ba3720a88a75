"""Where a blob's bytes come from: what the cache asks of an upstream registry or a shared store."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol


class BlobBody(Protocol):
    """Bytes on their way.

    ``start`` is the offset of the first one, at most the one asked for; ``size`` that of the whole blob, if known.
    """

    start: int
    size: int | None

    async def read(self) -> bytes:
        """Return the next bytes, of any length; nothing at the end. Raises Unavailable when the transfer breaks."""


class BlobSource(Protocol):
    """Gives one blob, from any offset, as often as asked."""

    def open(self, offset: int) -> AbstractAsyncContextManager[BlobBody]:
        """Start a transfer at ``offset``.

        Raises what the source refuses with; OutOfRange when the blob has no bytes at ``offset``.
        """
