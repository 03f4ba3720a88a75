"""The index: what is kept of tags and manifests, and that old files are still read."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from strata_chassis.database import Database
from strata_registry.adapters.cache.catalogue import Catalogue, ManifestRecord
from strata_registry.adapters.cache.schema import MIGRATIONS
from strata_registry.core.freshness import CachedTag

# As released; not MIGRATIONS[0], so that a change of that is noticed.
VERSION_1 = """
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
    INSERT INTO tags VALUES ('docker.io/library/debian', 'latest', 'sha256:1', '"etag"', 12.5);
    INSERT INTO manifests VALUES ('sha256:1', 'application/vnd.oci.image.manifest.v1+json', 100);
    INSERT INTO children VALUES ('sha256:1', 'sha256:2');
    PRAGMA user_version = 1;
"""


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database(tmp_path / "index.sqlite", MIGRATIONS) as opened:
        yield opened


@pytest.fixture
def catalogue(database: Database) -> Catalogue:
    return Catalogue(database)


async def test_an_index_of_version_1_is_read(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "index.sqlite")) as connection:
        connection.executescript(VERSION_1)
    with Database(tmp_path / "index.sqlite", MIGRATIONS) as database:
        catalogue = Catalogue(database)
        assert await catalogue.tag("docker.io/library/debian", "latest") == CachedTag("sha256:1", 12.5, '"etag"')
        assert await catalogue.manifest("sha256:1") == ManifestRecord(
            "sha256:1", "application/vnd.oci.image.manifest.v1+json", 100
        )
        assert await catalogue.children() == {"sha256:1": ["sha256:2"]}


async def test_a_manifest_is_forgotten_with_what_it_refers_to_but_its_tag_stays(catalogue: Catalogue) -> None:
    await catalogue.put_manifest(ManifestRecord("m", "type", 1, children=("a", "b")))
    await catalogue.put_tag("r", "v1", CachedTag("m", 1.0))
    await catalogue.forget(["m"])
    assert await catalogue.manifest("m") is None
    assert await catalogue.children() == {}
    assert await catalogue.tag("r", "v1") == CachedTag("m", 1.0)


async def test_referrers_are_found_by_their_subject(catalogue: Catalogue) -> None:
    record = ManifestRecord("s", "type", 1, "subject", "application/signature", {"by": "me"})
    await catalogue.put_manifest(record)
    await catalogue.put_manifest(ManifestRecord("m", "type", 1))
    assert await catalogue.referrers("subject") == [record]


async def test_hosted_manifests_are_kept_with_all_below_them(catalogue: Catalogue, database: Database) -> None:
    await catalogue.put_manifest(ManifestRecord("index", "type", 1, children=("manifest",)))
    await catalogue.put_manifest(ManifestRecord("manifest", "type", 1, children=("layer",)))
    await catalogue.put_manifest(ManifestRecord("cached", "type", 1, children=("other",)))
    places = [("hosted/app", digest, at) for digest, at in (("index", 0), ("old orphan", 0), ("new orphan", 100))]
    await database.write(lambda connection: connection.executemany("INSERT INTO places VALUES (?, ?, ?)", places))
    assert await catalogue.kept(recent_s=50) == {"index", "manifest", "layer", "new orphan"}
