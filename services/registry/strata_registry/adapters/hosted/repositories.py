"""Repositories that live here: which blobs, manifests and tags belong to which."""

import sqlite3
import time
from collections.abc import Sequence

from strata_chassis.database import Database
from strata_chassis.errors import FailedPrecondition, NotFound
from strata_oci.digest import Digest
from strata_registry.adapters.cache.blob_cache import BlobCache
from strata_registry.adapters.cache.catalogue import ManifestRecord, read_manifest, record_of, write_manifest
from strata_registry.adapters.proxy.manifests import CachedManifest
from strata_registry.core.manifest import LARGEST_BYTES, examine
from strata_registry.core.repository import Repository


class HostedRepositories:
    """Reads and writes hosted repositories; ``repository`` is always one of ``addressing.HOSTED``."""

    def __init__(self, database: Database, cache: BlobCache) -> None:
        self._database = database
        self._cache = cache

    async def has(self, repository: Repository, digest: Digest) -> bool:
        """Tell whether a repository has a blob or manifest."""
        query = "SELECT 1 FROM places WHERE repository = ? AND digest = ?"
        rows = await self._rows(query, str(repository), str(digest))
        return bool(rows) and self._cache.has(digest)

    async def exists(self, repository: Repository) -> bool:
        """Tell whether anything was ever pushed to a repository, and is still there."""
        return bool(await self._rows("SELECT 1 FROM places WHERE repository = ? LIMIT 1", str(repository)))

    async def add_blob(self, repository: Repository, digest: Digest) -> None:
        """Make a blob that is here a part of a repository."""
        await self._database.write(lambda connection: _add(connection, str(repository), str(digest)))

    async def remove_blob(self, repository: Repository, digest: Digest) -> None:
        """Take a blob out of a repository. Raises NotFound."""
        await self._remove(repository, digest, "BLOB_UNKNOWN")

    async def manifest(self, repository: Repository, reference: Digest | str) -> CachedManifest:
        """Return a manifest by digest or tag. Raises NotFound."""
        digest = reference if isinstance(reference, Digest) else await self._tagged(repository, reference)
        query = (
            "SELECT manifests.* FROM manifests JOIN places USING (digest) WHERE places.repository = ? AND digest = ?"
        )
        rows = await self._rows(query, str(repository), str(digest)) if digest else []
        content = await self._cache.content(digest, LARGEST_BYTES) if rows and digest else None
        if content is None or digest is None:
            raise _unknown(repository, str(reference))
        return CachedManifest(content, rows[0]["media_type"], digest)

    async def put_manifest(
        self, repository: Repository, reference: Digest | str, content: bytes, media_type: str
    ) -> tuple[Digest, str]:
        """Store a manifest under its digest, and a tag if ``reference`` is one; return digest and subject.

        Raises FailedPrecondition for what is no manifest, or needs what the repository does not have.
        """
        facts = examine(content, media_type, what=repository.path)
        digest = Digest.of(content, reference.algorithm if isinstance(reference, Digest) else "sha256")
        if isinstance(reference, Digest) and digest != reference:
            raise FailedPrecondition(
                f"the manifest does not have the digest {reference}",
                reason="DIGEST_INVALID",
                metadata={"expected": str(reference), "received": str(digest)},
            )
        await self._check_children(repository, facts.needs)
        await self._cache.put(digest, content)
        record = record_of(facts, digest, len(content))
        tag = reference if isinstance(reference, str) else None
        await self._database.write(lambda connection: _put(connection, str(repository), record, tag))
        return digest, facts.subject

    async def remove_manifest(self, repository: Repository, reference: Digest | str) -> None:
        """Remove a tag, or a manifest with all its tags. Raises NotFound."""
        if isinstance(reference, Digest):
            await self._remove(repository, reference, "MANIFEST_UNKNOWN")
            return
        statement = "DELETE FROM tags WHERE repository = ? AND tag = ?"
        removed = await self._database.write(
            lambda connection: connection.execute(statement, (str(repository), reference)).rowcount
        )
        if not removed:
            raise _unknown(repository, reference)

    async def tags(self, repository: Repository, *, after: str, limit: int) -> list[str]:
        """List tags in lexical order, from the one after ``after``. Raises NotFound for an unknown repository."""
        query = "SELECT tag FROM tags WHERE repository = ? AND tag > ? ORDER BY tag LIMIT ?"
        rows = await self._rows(query, str(repository), after, limit)
        if not rows and not await self.exists(repository):
            raise NotFound(
                f"repository {repository.path} not found", reason="NAME_UNKNOWN", metadata={"name": repository.path}
            )
        return [row["tag"] for row in rows]

    async def referrers(self, repository: Repository, subject: Digest) -> list[ManifestRecord]:
        """List the manifests of a repository that are about ``subject``."""
        query = (
            "SELECT manifests.* FROM manifests JOIN places USING (digest)"
            " WHERE places.repository = ? AND subject = ? ORDER BY digest"
        )
        return [read_manifest(row) for row in await self._rows(query, str(repository), str(subject))]

    async def names(self, *, after: str, limit: int) -> list[str]:
        """List repositories by their full names, from the one after ``after``."""
        query = "SELECT DISTINCT repository FROM places WHERE repository > ? ORDER BY repository LIMIT ?"
        return [row["repository"] for row in await self._rows(query, after, limit)]

    async def _tagged(self, repository: Repository, tag: str) -> Digest | None:
        query = "SELECT digest FROM tags WHERE repository = ? AND tag = ?"
        rows = await self._rows(query, str(repository), tag)
        return Digest.parse(rows[0]["digest"]) if rows else None

    async def _check_children(self, repository: Repository, needs: Sequence[str]) -> None:
        for need in needs:
            if not await self.has(repository, Digest.parse(need)):
                raise FailedPrecondition(
                    f"the manifest refers to {need}, which {repository.path} does not have",
                    reason="MANIFEST_BLOB_UNKNOWN",
                    metadata={"digest": need},
                )

    async def _remove(self, repository: Repository, digest: Digest, reason: str) -> None:
        removed = await self._database.write(lambda connection: _take_out(connection, str(repository), str(digest)))
        if not removed:
            raise NotFound(f"{repository.path} has no {digest}", reason=reason, metadata={"digest": str(digest)})

    async def _rows(self, query: str, *values: str | int) -> list[sqlite3.Row]:
        return await self._database.read(lambda connection: connection.execute(query, values).fetchall())


def _add(connection: sqlite3.Connection, repository: str, digest: str) -> None:
    connection.execute("INSERT OR REPLACE INTO places VALUES (?, ?, ?)", (repository, digest, time.time()))


def _put(connection: sqlite3.Connection, repository: str, record: ManifestRecord, tag: str | None) -> None:
    write_manifest(connection, record)
    _add(connection, repository, record.digest)
    if tag is not None:
        values = (repository, tag, record.digest, "", time.time())
        connection.execute("INSERT OR REPLACE INTO tags VALUES (?, ?, ?, ?, ?)", values)


def _take_out(connection: sqlite3.Connection, repository: str, digest: str) -> int:
    connection.execute("DELETE FROM tags WHERE repository = ? AND digest = ?", (repository, digest))
    statement = "DELETE FROM places WHERE repository = ? AND digest = ?"
    return connection.execute(statement, (repository, digest)).rowcount


def _unknown(repository: Repository, reference: str) -> NotFound:
    return NotFound(
        f"manifest for {repository.path}:{reference} not found: manifest unknown",
        reason="MANIFEST_UNKNOWN",
        metadata={"name": repository.path, "reference": reference},
    )
