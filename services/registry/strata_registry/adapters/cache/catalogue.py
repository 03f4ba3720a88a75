"""What is known of tags and manifests: a database beside the blobs, all of it found again if it is lost.

``repository`` is registry and path ("docker.io/library/ubuntu") throughout.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from strata_chassis.database import Database
from strata_registry.core.freshness import CachedTag

MIGRATIONS = (
    """
    CREATE TABLE tags (
        repository TEXT NOT NULL,
        tag TEXT NOT NULL,
        digest TEXT NOT NULL,
        etag TEXT NOT NULL,
        checked_at REAL NOT NULL,
        PRIMARY KEY (repository, tag)
    ) WITHOUT ROWID;
    CREATE TABLE manifests (
        digest TEXT PRIMARY KEY,
        media_type TEXT NOT NULL,
        size INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE children (
        parent TEXT NOT NULL REFERENCES manifests ON DELETE CASCADE,
        child TEXT NOT NULL,
        PRIMARY KEY (parent, child)
    ) WITHOUT ROWID;
    CREATE TABLE places (
        repository TEXT NOT NULL,
        digest TEXT NOT NULL,
        PRIMARY KEY (repository, digest)
    ) WITHOUT ROWID;
    """,
)


@dataclass(frozen=True, slots=True)
class ManifestRecord:
    """A manifest whose content lies among the blobs; ``children`` are the digests it names."""

    digest: str
    media_type: str
    size_bytes: int
    children: tuple[str, ...] = ()


class Catalogue:
    """Tags, manifests, what manifests refer to, and in which repositories they were seen."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def tag(self, repository: str, tag: str) -> CachedTag | None:
        """Return what a tag pointed at when the registry was last asked."""
        query = "SELECT digest, checked_at, etag FROM tags WHERE repository = ? AND tag = ?"
        row = await self._database.read(lambda connection: connection.execute(query, (repository, tag)).fetchone())
        return None if row is None else CachedTag(row["digest"], row["checked_at"], row["etag"])

    async def put_tag(self, repository: str, tag: str, found: CachedTag) -> None:
        """Note what a tag points at."""
        statement = "INSERT OR REPLACE INTO tags VALUES (?, ?, ?, ?, ?)"
        values = (repository, tag, found.digest, found.etag, found.checked_at_s)
        await self._database.write(lambda connection: connection.execute(statement, values))

    async def tags(self, repository: str) -> list[str]:
        """List the tags known of a repository, in lexical order."""
        query = "SELECT tag FROM tags WHERE repository = ? ORDER BY tag"
        rows = await self._database.read(lambda connection: connection.execute(query, (repository,)).fetchall())
        return [row["tag"] for row in rows]

    async def manifest(self, digest: str) -> ManifestRecord | None:
        """Return what is known of a manifest."""
        query = "SELECT media_type, size FROM manifests WHERE digest = ?"
        row = await self._database.read(lambda connection: connection.execute(query, (digest,)).fetchone())
        return None if row is None else ManifestRecord(digest, row["media_type"], row["size"])

    async def put_manifest(self, repository: str, record: ManifestRecord) -> None:
        """Note a manifest, what it refers to, and that the repository has it all."""
        await self._database.write(lambda connection: _put_manifest(connection, repository, record))

    async def children(self) -> dict[str, list[str]]:
        """Map every manifest to what it refers to."""
        rows = await self._database.read(lambda connection: connection.execute("SELECT * FROM children").fetchall())
        found: dict[str, list[str]] = defaultdict(list)
        for row in rows:
            found[row["parent"]].append(row["child"])
        return dict(found)

    async def forget(self, digests: Iterable[str]) -> None:
        """Forget evicted manifests; tags stay, so that a tag's digest can still be said."""
        values = [(digest,) for digest in digests]
        await self._database.write(
            lambda connection: connection.executemany("DELETE FROM manifests WHERE digest = ?", values)
        )


def _put_manifest(connection: sqlite3.Connection, repository: str, record: ManifestRecord) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO manifests VALUES (?, ?, ?)", (record.digest, record.media_type, record.size_bytes)
    )
    children = [(record.digest, child) for child in record.children]
    connection.executemany("INSERT OR IGNORE INTO children VALUES (?, ?)", children)
    places = [(repository, digest) for digest in (record.digest, *record.children)]
    connection.executemany("INSERT OR IGNORE INTO places VALUES (?, ?)", places)
