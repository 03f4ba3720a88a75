"""Records of layers, and of the contents they can lend."""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from strata_chassis.errors import NotFound
from strata_oci.descriptor import Descriptor
from strata_oci.digest import Digest
from strata_store.core.contents import Place

_LOOKUP_BATCH = 500


@dataclass(frozen=True)
class LayerRecord:
    """A committed layer."""

    id: int
    diff_id: str
    directory: str
    logical_bytes: int
    stored_bytes: int
    index_bytes: int
    borrowed_bytes: int
    entries: int
    index_digest: bytes
    stored_at_ns: int


@dataclass(frozen=True)
class NewLayer:
    """A layer to be recorded; ``owned`` lists contents as (digest, offset), ``donors`` are in device order."""

    record: LayerRecord
    owned: Sequence[tuple[bytes, int]]
    first_donor_device: int
    donors: tuple[int, ...]


_COLUMNS = (
    "id, diff_id, directory, logical_bytes, stored_bytes, index_bytes, borrowed_bytes, entries, index_digest,"
    " stored_at_ns"
)


def add(connection: sqlite3.Connection, new: NewLayer) -> LayerRecord:
    """Record a committed layer; the id is given here. Raises sqlite3.IntegrityError if a donor is gone."""
    record = new.record
    cursor = connection.execute(
        f"INSERT INTO layers ({_COLUMNS}) VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - constant
        _values(record),
    )
    layer = int(cursor.lastrowid or 0)
    connection.executemany("INSERT OR IGNORE INTO objects VALUES (?, ?, ?)", ((d, layer, o) for d, o in new.owned))
    loans = enumerate(new.donors, start=new.first_donor_device)
    connection.executemany("INSERT INTO loans VALUES (?, ?, ?)", ((layer, device, donor) for device, donor in loans))
    return LayerRecord(layer, *_values(record))


def _values(record: LayerRecord) -> tuple[str, str, int, int, int, int, int, bytes, int]:
    return (
        record.diff_id,
        record.directory,
        record.logical_bytes,
        record.stored_bytes,
        record.index_bytes,
        record.borrowed_bytes,
        record.entries,
        record.index_digest,
        record.stored_at_ns,
    )


def find(connection: sqlite3.Connection, diff_id: Digest) -> LayerRecord | None:
    """Return the live layer with a diffID."""
    sql = f"SELECT {_COLUMNS} FROM layers WHERE diff_id = ? AND is_live"  # noqa: S608 - constant
    row = connection.execute(sql, (str(diff_id),)).fetchone()
    return None if row is None else LayerRecord(*row)


def get(connection: sqlite3.Connection, diff_id: Digest) -> LayerRecord:
    """Return the live layer with a diffID, or raise NotFound."""
    found = find(connection, diff_id)
    if found is None:
        raise NotFound(f"there is no layer {diff_id}", reason="LAYER_UNKNOWN", metadata={"layer": str(diff_id)})
    return found


def by_id(connection: sqlite3.Connection, layer: int) -> LayerRecord:
    """Return a layer, live or kept for its borrowers."""
    sql = f"SELECT {_COLUMNS} FROM layers WHERE id = ?"  # noqa: S608 - constant
    return LayerRecord(*connection.execute(sql, (layer,)).fetchone())


def page(connection: sqlite3.Connection, after: str, size: int) -> list[LayerRecord]:
    """Return up to ``size`` live layers whose diffID comes after ``after``."""
    sql = f"SELECT {_COLUMNS} FROM layers WHERE is_live AND diff_id > ? ORDER BY diff_id LIMIT ?"  # noqa: S608
    return [LayerRecord(*row) for row in connection.execute(sql, (after, size))]


def of_image(connection: sqlite3.Connection, image: str) -> list[LayerRecord]:
    """Return an image's layers, base first; one may come twice."""
    columns = ", ".join(f"layers.{name.strip()}" for name in _COLUMNS.split(","))
    sql = (
        f"SELECT {columns} FROM image_layers JOIN layers ON layers.id = image_layers.layer"  # noqa: S608
        " WHERE image_layers.image = ? ORDER BY image_layers.position"
    )
    return [LayerRecord(*row) for row in connection.execute(sql, (image,))]


def donors(connection: sqlite3.Connection, layer: int) -> list[tuple[int, LayerRecord]]:
    """Return whom a layer borrows from: (device, layer), in device order."""
    rows = connection.execute("SELECT device, donor FROM loans WHERE borrower = ? ORDER BY device", (layer,))
    return [(row[0], by_id(connection, row[1])) for row in rows.fetchall()]


def lenders(connection: sqlite3.Connection, digests: Sequence[bytes]) -> dict[bytes, Place]:
    """Return who holds which of these contents."""
    found: dict[bytes, Place] = {}
    for start in range(0, len(digests), _LOOKUP_BATCH):
        batch = digests[start : start + _LOOKUP_BATCH]
        marks = ",".join("?" * len(batch))
        sql = f"SELECT digest, layer, offset FROM objects WHERE digest IN ({marks})"  # noqa: S608 - only "?,?,…"
        for digest, layer, offset in connection.execute(sql, batch):
            found[digest] = Place(layer, offset)
    return found


def blobs(connection: sqlite3.Connection, layer: int) -> list[Descriptor]:
    """Return the compressed blobs a layer was made from."""
    rows = connection.execute(
        "SELECT media_type, digest, size_bytes FROM layer_blobs WHERE layer = ? ORDER BY digest", (layer,)
    )
    return [Descriptor(row[0], Digest.parse(row[1]), row[2]) for row in rows]


def add_blobs(connection: sqlite3.Connection, layer: int, descriptors: Iterable[Descriptor]) -> None:
    """Remember from which blobs a layer was made."""
    connection.executemany(
        "INSERT OR REPLACE INTO layer_blobs VALUES (?, ?, ?, ?)",
        ((layer, str(blob.digest), blob.media_type, blob.size_bytes) for blob in descriptors),
    )


def count_images(connection: sqlite3.Connection, layer: int) -> int:
    """Return how many images have a layer."""
    sql = "SELECT COUNT(DISTINCT image) FROM image_layers WHERE layer = ?"
    return int(connection.execute(sql, (layer,)).fetchone()[0])


def is_recorded(connection: sqlite3.Connection, directory: str) -> bool:
    """Whether a layer's directory belongs to the store."""
    return connection.execute("SELECT 1 FROM layers WHERE directory = ?", (directory,)).fetchone() is not None
