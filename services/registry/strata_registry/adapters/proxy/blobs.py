"""Blobs through the cache."""

from contextlib import AbstractAsyncContextManager

from strata_oci.digest import Digest
from strata_registry.adapters.cache.blob_cache import BlobCache
from strata_registry.adapters.cache.reader import BlobReader
from strata_registry.adapters.upstream.blob import UpstreamBlob
from strata_registry.adapters.upstream.exchange import Exchange
from strata_registry.core.credentials import Credential
from strata_registry.core.repository import Repository


class Blobs:
    """Opens blobs of repositories, from the cache or while they arrive."""

    def __init__(self, exchange: Exchange, cache: BlobCache, *, is_offline: bool = False) -> None:
        self._exchange = exchange
        self._cache = cache
        self._is_offline = is_offline

    def open(
        self, repository: Repository, digest: Digest, credential: Credential | None = None
    ) -> AbstractAsyncContextManager[BlobReader]:
        """Open a blob for the length of a block. Raises what upstream refuses with."""
        source = None if self._is_offline else UpstreamBlob(self._exchange, repository, digest, credential)
        return self._cache.open(digest, source)
