"""Where a blob's bytes come from: what the cache asks of an upstream registry or a shared store."""

from contextlib import AbstractAsyncContextManager
from typing import NoReturn, Protocol

from strata_chassis.errors import NotFound
from strata_oci.digest import Digest


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

    async def reject(self) -> None:
        """Take note that the bytes did not have their digest."""


class Nowhere:
    """A source that has nothing: what is on the disk must do."""

    def __init__(self, digest: Digest) -> None:
        self._digest = digest

    def open(self, _: int) -> NoReturn:
        """Raise NotFound."""
        raise not_here(self._digest)

    async def reject(self) -> None:
        """Do nothing: the bytes were here before."""


def not_here(digest: Digest) -> NotFound:
    """Say that a blob is nowhere to be had."""
    return NotFound(f"blob {digest} not found", reason="BLOB_UNKNOWN", metadata={"digest": str(digest)})
