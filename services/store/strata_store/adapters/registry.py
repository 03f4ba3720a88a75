"""The registry service, as the store uses it: manifests whole, blobs as streams that survive interruptions."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import grpc
from strata.oci.v1.oci_pb2 import Credentials
from strata.registry.v1.registry_pb2 import FetchBlobRequest, FetchBlobResponse, GetManifestRequest
from strata.registry.v1.registry_pb2_grpc import RegistryServiceStub

from strata_chassis.errors import DataLoss, Unavailable
from strata_oci.descriptor import Descriptor
from strata_store.adapters.feed import Feed

_ATTEMPTS_WITHOUT_PROGRESS = 5
_FIRST_PAUSE_S = 0.1
Arrived = Callable[[int, int], None]
"""Called with the bytes that have arrived and the bytes in all."""


@dataclass(frozen=True)
class Source:
    """Where content comes from: a repository, and who asks."""

    repository: str
    credentials: Credentials | None = field(default=None, repr=False)


class RegistryClient:
    """Calls the registry service. Errors are those of the service, as StrataError."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub: Any = RegistryServiceStub(channel)

    async def get_manifest(self, source: Source, digest: str) -> tuple[str, bytes]:
        """Return media type and exact bytes of a manifest."""
        request = GetManifestRequest(repository=source.repository, reference=digest, credentials=source.credentials)
        response = await self._stub.GetManifest(request)
        return response.target.media_type, response.content

    async def read(self, source: Source, blob: Descriptor) -> bytes:
        """Return a small blob whole; the caller has judged its size."""
        data = bytearray()
        request = FetchBlobRequest(
            repository=source.repository, digest=str(blob.digest), credentials=source.credentials
        )
        async for message in self._stub.FetchBlob(request):
            data += message.data
            if len(data) > blob.size_bytes:
                break
        return bytes(data)

    async def fetch(self, source: Source, blob: Descriptor, feed: Feed, arrived: Arrived) -> None:
        """Put a blob's bytes into ``feed`` and end it; a stream that breaks is taken up where it broke."""
        transfer = _Transfer(feed, arrived, blob)
        failures = 0
        while True:
            before = transfer.offset
            try:
                await self._stream(source, blob, transfer)
                break
            except _PathUnusable:
                transfer.accepts_path = False
            except Unavailable:
                failures = 0 if transfer.offset > before else failures + 1
                if failures == _ATTEMPTS_WITHOUT_PROGRESS:
                    raise
                await asyncio.sleep(_FIRST_PAUSE_S * 2**failures)
        transfer.finish()
        feed.end()

    async def _stream(self, source: Source, blob: Descriptor, transfer: "_Transfer") -> None:
        request = FetchBlobRequest(
            repository=source.repository,
            digest=str(blob.digest),
            offset=transfer.offset,
            credentials=source.credentials,
            accept_local_path=transfer.accepts_path,
        )
        async for message in self._stub.FetchBlob(request):
            await transfer.take(message)


class _PathUnusable(Exception):
    pass


class _Transfer:
    """How far a blob has come, over all the streams it took."""

    def __init__(self, feed: Feed, arrived: Arrived, blob: Descriptor) -> None:
        self.offset = 0
        self.accepts_path = True
        self._feed = feed
        self._arrived = arrived
        self._blob = blob
        self._descriptor = -1

    async def take(self, message: FetchBlobResponse) -> None:
        if message.local_path:
            self._open(message.local_path)
        if message.data:
            await self._feed.put(message.data)
            self.offset += len(message.data)
        elif self._descriptor >= 0 and message.available_bytes > self.offset:
            await self._feed.put((self._descriptor, self.offset, message.available_bytes - self.offset))
            self.offset = message.available_bytes
        if self.offset > self._blob.size_bytes:
            self.finish()
        self._arrived(self.offset, self._blob.size_bytes)

    def _open(self, path: str) -> None:
        try:
            self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:  # gone already, or not for us to read
            raise _PathUnusable from error
        self._feed.adopt(self._descriptor)

    def finish(self) -> None:
        """Check the length: a digest alone would be compared only after all of an endless blob."""
        digest, size = str(self._blob.digest), self._blob.size_bytes
        if self.offset != size:
            raise DataLoss(
                f"blob {digest} has {self.offset} bytes or more, and not the {size} of its manifest",
                reason="DIGEST_MISMATCH",
                metadata={"digest": digest, "size": str(size), "found": str(self.offset)},
            )
