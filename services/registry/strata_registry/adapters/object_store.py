"""Blobs in an object store: S3 and what speaks like it, and whatever else obstore knows a URL for."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import from_url

from strata_chassis.errors import InvalidArgument, OutOfRange, Unavailable
from strata_oci.digest import Digest

_PREFIXES = {"s3": "aws_", "gs": "google_", "az": "azure_"}  # which obstore wants before each key
_PIECE_BYTES = 1 << 20
_RETRIES = 2
_PATIENCE_S = 10


class ObjectBody:
    """The body of an object, piece by piece."""

    def __init__(self, pieces: AsyncIterator[Any], start: int, size: int) -> None:
        self.start = start
        self.size: int | None = size
        self._pieces = pieces

    async def read(self) -> bytes:
        """Return the next piece; nothing at the end. Raises Unavailable."""
        try:
            piece = await anext(self._pieces, None)
        except (BaseError, OSError) as error:
            raise _unavailable(error) from error
        return b"" if piece is None else bytes(piece)


class ObjectStore:
    """Keeps blobs as objects ``blobs/ALGORITHM/HEX`` below a URL such as ``s3://bucket/prefix``.

    Credentials and region come from ``options``, else from the environment, as the store's own tools have it
    (AWS_ACCESS_KEY_ID, AWS_ENDPOINT, ...).
    """

    def __init__(self, url: str, options: Mapping[str, str]) -> None:
        scheme = urlsplit(url).scheme
        prefix = _PREFIXES.get(scheme, "")
        config = {key if key.startswith(prefix) else prefix + key: value for key, value in options.items()}
        is_plain = any(value.startswith("http://") for value in options.values())
        retries = {"max_retries": _RETRIES, "retry_timeout": timedelta(seconds=_PATIENCE_S)}
        try:
            self._store = from_url(url, config=config, client_options={"allow_http": is_plain}, retry_config=retries)  # type: ignore[call-overload]  # keys differ by store
        except (BaseError, ValueError) as error:
            raise InvalidArgument(
                f"shared_url: no object store can be made of {scheme}://... with these options",
                reason="CONFIG_INVALID",
                metadata={"scheme": scheme, "options": ",".join(sorted(options))},
            ) from error

    async def size(self, digest: Digest) -> int | None:
        """Return a blob's length, or None if it is not there."""
        try:
            return int((await obstore.head_async(self._store, _name(digest)))["size"])
        except FileNotFoundError:
            return None
        except (BaseError, OSError) as error:
            raise _unavailable(error) from error

    @asynccontextmanager
    async def open(self, digest: Digest, offset: int) -> AsyncIterator[ObjectBody]:
        """Start a transfer at ``offset``. Raises OutOfRange when the object ends there."""
        size = await self.size(digest)
        if size is None or offset >= size > 0:
            raise OutOfRange(f"{digest} has no byte {offset}", reason="OFFSET_INVALID")
        try:
            found = await obstore.get_async(
                self._store, _name(digest), options={"range": {"offset": offset}} if offset else {}
            )
        except (BaseError, OSError) as error:
            raise _unavailable(error) from error
        yield ObjectBody(aiter(found.stream(min_chunk_size=_PIECE_BYTES)), offset, size)

    async def put(self, digest: Digest, path: Path) -> None:
        """Store a verified file; all of it appears at once."""
        try:
            await obstore.put_async(self._store, _name(digest), path)
        except (BaseError, OSError) as error:
            raise _unavailable(error) from error

    async def remove(self, digest: Digest) -> None:
        """Remove a blob, if it is there."""
        try:
            await obstore.delete_async(self._store, _name(digest))
        except FileNotFoundError:
            return
        except (BaseError, OSError) as error:
            raise _unavailable(error) from error


async def check_reachable(store: ObjectStore) -> None:
    """Ask for something that is not there: a wrong address or key shows at start, not at the first pull."""
    async with asyncio.timeout(30):
        await store.size(Digest("sha256", "0" * 64))


def _name(digest: Digest) -> str:
    return f"blobs/{digest.algorithm}/{digest.hex}"


def _unavailable(error: Exception) -> Unavailable:
    """Say the kind of failure only: messages of object stores hold addresses and signatures."""
    return Unavailable(
        f"the shared store failed: {type(error).__name__}", reason="SHARED_STORE_UNREACHABLE", metadata={}
    )
