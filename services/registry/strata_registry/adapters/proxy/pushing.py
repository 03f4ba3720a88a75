"""Pushing through the proxy to the registry itself; mirrors take no writes."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from strata_chassis.errors import FailedPrecondition, InvalidArgument, StrataError
from strata_oci.descriptor import Descriptor
from strata_oci.digest import Digest
from strata_registry.adapters.upstream.exchange import Exchange
from strata_registry.adapters.upstream.login import check_credentials
from strata_registry.adapters.upstream.push import Push
from strata_registry.core.answers import digest_mismatch
from strata_registry.core.credentials import Credential
from strata_registry.core.manifest import examine
from strata_registry.core.repository import Repository

_BLOB_TYPE = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class PushedBlob:
    """A blob the registry has now; ``existed`` if nothing had to be sent."""

    descriptor: Descriptor
    existed: bool


class Pushing:
    """Uploads to registries."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    async def push_blob(
        self,
        repository: Repository,
        digest: Digest,
        data: AsyncIterator[bytes],
        *,
        size_bytes: int | None,
        mount_from: Repository | None,
        credential: Credential | None,
    ) -> PushedBlob:
        """Upload a blob unless the registry has it, or can mount it from another repository."""
        push = Push(self._exchange, repository, credential)
        if await push.has_blob(digest):
            return PushedBlob(Descriptor(_BLOB_TYPE, digest, size_bytes or 0), existed=True)
        location = await self._begin(push, repository, digest, mount_from)
        if location is None:
            return PushedBlob(Descriptor(_BLOB_TYPE, digest, size_bytes or 0), existed=True)
        counted = _Checked(data, digest)
        try:
            await push.finish_blob(location, digest, counted.pieces(), size_bytes)
        except StrataError:
            counted.check()  # the caller's own mistake explains the registry's refusal better
            raise
        counted.check()
        return PushedBlob(Descriptor(_BLOB_TYPE, digest, counted.size_bytes), existed=False)

    async def push_manifest(
        self,
        repository: Repository,
        reference: Digest | str,
        content: bytes,
        media_type: str,
        credential: Credential | None,
    ) -> Descriptor:
        """Upload a manifest or index under a tag or its digest. Raises FailedPrecondition for what is neither."""
        facts = examine(content, media_type, what=f"{repository}")
        digest = reference if isinstance(reference, Digest) else Digest.of(content)
        if not digest.names(content):
            raise InvalidArgument(
                f"the manifest does not have the digest {digest}",
                reason="DIGEST_INVALID",
                metadata={"digest": str(digest)},
            )
        push = Push(self._exchange, repository, credential)
        await push.put_manifest(str(reference), content, facts.media_type)
        return Descriptor(facts.media_type, digest, len(content))

    async def check_credentials(self, registry: str, credential: Credential | None) -> str:
        """Ask a registry whether it accepts credentials; return a token that can stand for the password, if any."""
        if credential is None:
            raise FailedPrecondition("there are no credentials to check", reason="CREDENTIALS_MISSING")
        return await check_credentials(self._exchange, registry, credential)

    async def _begin(
        self, push: Push, repository: Repository, digest: Digest, mount_from: Repository | None
    ) -> str | None:
        if mount_from is not None and mount_from.registry == repository.registry:
            return await push.mount_blob(digest, mount_from.path)
        return await push.start_blob()


class _Checked:
    """Hashes and counts what passes, to tell whose fault a refused digest is."""

    def __init__(self, data: AsyncIterator[bytes], digest: Digest) -> None:
        self.size_bytes = 0
        self._data = data
        self._digest = digest
        self._hash = digest.hasher()
        self._ended = False

    async def pieces(self) -> AsyncIterator[bytes]:
        """Yield the bytes on."""
        async for piece in self._data:
            self._hash.update(piece)
            self.size_bytes += len(piece)
            yield piece
        self._ended = True

    def check(self) -> None:
        """Raise DataLoss when all was sent and it was not what its digest says."""
        found = Digest(self._digest.algorithm, self._hash.hexdigest())
        if self._ended and found != self._digest:
            raise digest_mismatch(str(self._digest), str(found), "the pushed blob")
