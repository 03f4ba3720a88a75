"""What is known of tags and manifests: a database beside the blobs.

``repository`` is registry and path ("docker.io/library/ubuntu") throughout.
"""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from strata_chassis.database import Database
from strata_oci.digest import Digest
from strata_registry.core.freshness import CachedTag
from strata_registry.core.manifest import ManifestFacts

_COLUMNS = "digest, media_type, size, subject, artifact_type, annotations"


@dataclass(frozen=True, slots=True)
class ManifestRecord:
    """A manifest whose content lies among the blobs; ``children`` are the digests it needs."""

    digest: str
    media_type: str
    size_bytes: int
    subject: str = ""
    artifact_type: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict)
    children: tuple[str, ...] = ()


def record_of(facts: ManifestFacts, digest: Digest, size_bytes: int) -> ManifestRecord:
    """Return what is kept of a manifest that was examined."""
    return ManifestRecord(
        digest=str(digest),
        media_type=facts.media_type,
        size_bytes=size_bytes,
        subject=facts.subject,
        artifact_type=facts.artifact_type,
        annotations=facts.annotations,
        children=facts.needs,
    )


class Catalogue:
    """Tags, manifests, and what manifests refer to."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def tag(self, repository: str, tag: str) -> CachedTag | None:
        """Return what a tag pointed at when its registry was last asked."""
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
        """Return what is known of a manifest, without its children."""
        query = f"SELECT {_COLUMNS} FROM manifests WHERE digest = ?"  # noqa: S608 - constant columns
        row = await self._database.read(lambda connection: connection.execute(query, (digest,)).fetchone())
        return None if row is None else read_manifest(row)

    async def put_manifest(self, record: ManifestRecord) -> None:
        """Note a manifest and what it refers to."""
        await self._database.write(lambda connection: write_manifest(connection, record))

    async def referrers(self, subject: str) -> list[ManifestRecord]:
        """List the manifests here that are about ``subject``."""
        query = f"SELECT {_COLUMNS} FROM manifests WHERE subject = ? ORDER BY digest"  # noqa: S608 - constant columns
        rows = await self._database.read(lambda connection: connection.execute(query, (subject,)).fetchall())
        return [read_manifest(row) for row in rows]

    async def children(self) -> dict[str, list[str]]:
        """Map every manifest to what it refers to."""
        rows = await self._database.read(lambda connection: connection.execute("SELECT * FROM children").fetchall())
        found: dict[str, list[str]] = defaultdict(list)
        for row in rows:
            found[row["parent"]].append(row["child"])
        return dict(found)

    async def kept(self, recent_s: float) -> set[str]:
        """List what never leaves: what is pinned, and what is hosted here.

        A hosted blob that no manifest refers to is kept only if it was pushed after ``recent_s``.
        """
        rows = await self._database.read(lambda connection: connection.execute(_KEPT, (recent_s,)).fetchall())
        return {row["digest"] for row in rows}

    async def forget(self, digests: Iterable[str]) -> None:
        """Forget evicted content; tags stay, so that a tag's digest can still be said."""
        values = [(digest,) for digest in digests]
        await self._database.write(lambda connection: _forget(connection, values))


_KEPT = """
    WITH RECURSIVE roots (digest) AS (
        SELECT digest FROM pins
        UNION SELECT places.digest FROM places JOIN manifests USING (digest)
        UNION SELECT digest FROM places WHERE added_at > ?
    ), kept (digest) AS (
        SELECT digest FROM roots
        UNION SELECT children.child FROM children JOIN kept ON children.parent = kept.digest
    )
    SELECT digest FROM kept
"""


def write_manifest(connection: sqlite3.Connection, record: ManifestRecord) -> None:
    """Write a manifest and its children in the transaction of ``connection``."""
    values = (record.digest, record.media_type, record.size_bytes, record.subject, record.artifact_type)
    annotations = json.dumps(dict(record.annotations))
    connection.execute(
        f"INSERT OR REPLACE INTO manifests ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)",  # noqa: S608 - constant columns
        (*values, annotations),
    )
    children = [(record.digest, child) for child in record.children]
    connection.executemany("INSERT OR IGNORE INTO children VALUES (?, ?)", children)


def read_manifest(row: sqlite3.Row) -> ManifestRecord:
    """Read a row of the table of manifests."""
    return ManifestRecord(
        digest=row["digest"],
        media_type=row["media_type"],
        size_bytes=row["size"],
        subject=row["subject"],
        artifact_type=row["artifact_type"],
        annotations=json.loads(row["annotations"]),
    )


def _forget(connection: sqlite3.Connection, values: list[tuple[str]]) -> None:
    connection.executemany("DELETE FROM manifests WHERE digest = ?", values)
    connection.executemany("DELETE FROM places WHERE digest = ?", values)
