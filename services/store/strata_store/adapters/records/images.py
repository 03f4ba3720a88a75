"""Records of images and their names."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from strata_chassis.errors import NotFound
from strata_oci.chain_id import chain_ids
from strata_oci.digest import Digest
from strata_oci.image_config import ImageConfig
from strata_oci.platform import Platform


@dataclass(frozen=True)
class ImageRecord:
    """A committed image. ``stack`` is the hex of its last chainID, the name of its merged index."""

    digest: str
    config: str
    stack: str
    platform: Mapping[str, Any]
    labels: Mapping[str, str]
    diff_ids: tuple[str, ...]
    created_at_ns: int
    stored_at_ns: int
    logical_bytes: int
    names: tuple[str, ...] = field(default=())
    repo_digests: tuple[str, ...] = field(default=())

    @property
    def chain_ids(self) -> tuple[str, ...]:
        """ChainID of each prefix of the stack."""
        return tuple(str(chain) for chain in chain_ids(map(Digest.parse, self.diff_ids)))


_MAX_TIME_NS = (1 << 63) - 1  # what SQLite holds: the year 2262
_COLUMNS = "digest, config, stack, platform, labels, diff_ids, created_at_ns, stored_at_ns, logical_bytes"


def stack_of(diff_ids: Sequence[Digest]) -> str:
    """Name of a stack of layers: equal stacks have one merged index. No layers are a stack, too."""
    return chain_ids(diff_ids)[-1].hex if diff_ids else Digest.of(b"").hex


def describe(digest: Digest, config: ImageConfig, logical_bytes: int, now_ns: int) -> ImageRecord:
    """Make the record of an image from its config."""
    return ImageRecord(
        digest=str(digest),
        config=str(config.image_id),
        stack=stack_of(config.diff_ids),
        platform=_platform(config.platform),
        labels=dict(config.execution.labels),
        diff_ids=tuple(map(str, config.diff_ids)),
        created_at_ns=_time_ns(config.created),
        stored_at_ns=now_ns,
        logical_bytes=logical_bytes,
    )


def _platform(platform: Platform) -> dict[str, Any]:
    return {
        "os": platform.os,
        "architecture": platform.architecture,
        "variant": platform.variant,
        "os_version": platform.os_version,
    }


def _time_ns(text: str) -> int:
    """Read an RFC 3339 time; 0 for none or one that makes no sense, which no image is refused for."""
    try:
        time_ns = int(datetime.fromisoformat(text).timestamp() * 1e9)
    except (ValueError, OverflowError):
        return 0
    return max(-_MAX_TIME_NS, min(time_ns, _MAX_TIME_NS))


def add(connection: sqlite3.Connection, image: ImageRecord, layers: Sequence[int]) -> None:
    """Record an image with its layers, base first; an image that is there stays, and is no longer removed."""
    connection.execute(
        f"INSERT INTO images ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 - constant
        " ON CONFLICT (digest) DO UPDATE SET is_removed = 0",
        (
            *(image.digest, image.config, image.stack, json.dumps(image.platform), json.dumps(image.labels)),
            *(json.dumps(image.diff_ids), image.created_at_ns, image.stored_at_ns, image.logical_bytes),
        ),
    )
    connection.executemany(
        "INSERT INTO image_layers VALUES (?, ?, ?) ON CONFLICT (image, position) DO UPDATE SET layer = excluded.layer",
        ((image.digest, position, layer) for position, layer in enumerate(layers)),
    )


def put_content(connection: sqlite3.Connection, digest: Digest, media_type: str, data: bytes) -> None:
    """Keep a manifest or config."""
    connection.execute(
        "INSERT OR IGNORE INTO contents (digest, media_type, data) VALUES (?, ?, ?)", (str(digest), media_type, data)
    )


def get_content(connection: sqlite3.Connection, digest: str) -> tuple[str, bytes]:
    """Return media type and bytes of a manifest or config. Raises NotFound (CONTENT_UNKNOWN)."""
    row = connection.execute("SELECT media_type, data FROM contents WHERE digest = ?", (digest,)).fetchone()
    if row is None:
        raise NotFound(f"there is no content {digest}", reason="CONTENT_UNKNOWN", metadata={"digest": digest})
    return row[0], row[1]


def put_stack(connection: sqlite3.Connection, stack: str, stored: int, index_digest: bytes) -> None:
    """Record a merged index."""
    connection.execute(
        "INSERT OR IGNORE INTO stacks (chain, stored_bytes, index_digest) VALUES (?, ?, ?)",
        (stack, stored, index_digest),
    )


def get_stack(connection: sqlite3.Connection, stack: str) -> tuple[int, bytes] | None:
    """Return size on disk and digest of a merged index, if it is there."""
    row = connection.execute("SELECT stored_bytes, index_digest FROM stacks WHERE chain = ?", (stack,)).fetchone()
    return None if row is None else (row[0], row[1])


def put_name(connection: sqlite3.Connection, name: str, image: str) -> None:
    """Give an image a name, taking it from whoever had it."""
    connection.execute(
        "INSERT INTO names VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET image = excluded.image", (name, image)
    )


def put_repo_digest(connection: sqlite3.Connection, image: str, repo_digest: str) -> None:
    """Remember a "repository@digest" under which an image was pulled."""
    connection.execute("INSERT OR IGNORE INTO repo_digests VALUES (?, ?)", (image, repo_digest))


def get(connection: sqlite3.Connection, digest: str) -> ImageRecord | None:
    """Return an image by its manifest's digest."""
    sql = f"SELECT {_COLUMNS} FROM images WHERE digest = ?"  # noqa: S608 - constant
    row = connection.execute(sql, (digest,)).fetchone()
    return None if row is None else complete(connection, [row])[0]


def page(connection: sqlite3.Connection, after: tuple[int, str] | None, size: int) -> list[ImageRecord]:
    """Return up to ``size`` images, newest first, from after (time, digest)."""
    limit_ns, limit_digest = (1 << 63) - 1 if after is None else after[0], "" if after is None else after[1]
    sql = (
        f"SELECT {_COLUMNS} FROM images WHERE NOT is_removed"  # noqa: S608 - constant
        " AND (stored_at_ns < ? OR (stored_at_ns = ? AND digest > ?)) ORDER BY stored_at_ns DESC, digest LIMIT ?"
    )
    return complete(connection, connection.execute(sql, (limit_ns, limit_ns, limit_digest, size)).fetchall())


def complete(connection: sqlite3.Connection, rows: Sequence[sqlite3.Row]) -> list[ImageRecord]:
    """Make records of rows, with names and repo digests."""
    return [
        ImageRecord(
            digest=row[0],
            config=row[1],
            stack=row[2],
            platform=json.loads(row[3]),
            labels=json.loads(row[4]),
            diff_ids=tuple(json.loads(row[5])),
            created_at_ns=row[6],
            stored_at_ns=row[7],
            logical_bytes=row[8],
            names=names_of(connection, row[0]),
            repo_digests=tuple(
                found[0]
                for found in connection.execute(
                    "SELECT repo_digest FROM repo_digests WHERE image = ? ORDER BY 1", (row[0],)
                )
            ),
        )
        for row in rows
    ]


def names_of(connection: sqlite3.Connection, image: str) -> tuple[str, ...]:
    """Return an image's names in lexical order."""
    return tuple(row[0] for row in connection.execute("SELECT name FROM names WHERE image = ? ORDER BY 1", (image,)))


def delete(connection: sqlite3.Connection, digest: str) -> None:
    """Forget an image; nothing may hold it. What only it needed has no uses then."""
    for table in ("names", "repo_digests", "image_layers"):
        connection.execute(f"DELETE FROM {table} WHERE image = ?", (digest,))  # noqa: S608 - constants
    connection.execute("DELETE FROM images WHERE digest = ?", (digest,))


def drop_names(connection: sqlite3.Connection, names: Sequence[str]) -> None:
    """Take names away from whoever has them."""
    connection.executemany("DELETE FROM names WHERE name = ?", ((name,) for name in names))


def mark_removed(connection: sqlite3.Connection, digest: str) -> None:
    """Let an image go as soon as no lease holds it."""
    connection.execute("UPDATE images SET is_removed = 1 WHERE digest = ?", (digest,))


def restore(connection: sqlite3.Connection, digest: str) -> None:
    """Take a removal back: the image is wanted again."""
    connection.execute("UPDATE images SET is_removed = 0 WHERE digest = ?", (digest,))


def leases_of(connection: sqlite3.Connection, digest: str) -> list[str]:
    """Return the leases that hold an image."""
    rows = connection.execute("SELECT lease FROM lease_images WHERE image = ? ORDER BY lease", (digest,))
    return [row[0] for row in rows]


def update_stack(connection: sqlite3.Connection, stack: str, stored: int, index_digest: bytes) -> None:
    """Record that a merged index was made again."""
    connection.execute(
        "UPDATE stacks SET stored_bytes = ?, index_digest = ? WHERE chain = ?", (stored, index_digest, stack)
    )


def every(connection: sqlite3.Connection) -> list[ImageRecord]:
    """Return all images."""
    return complete(connection, connection.execute(f"SELECT {_COLUMNS} FROM images").fetchall())  # noqa: S608
