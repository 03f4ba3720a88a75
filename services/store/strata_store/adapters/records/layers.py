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
    generation: int = 0
    is_live: bool = True
    is_damaged: bool = False

    @property
    def mount_key(self) -> str:
        """Name that is equal exactly for equal mounts of layers."""
        return mount_key(self.directory, self.generation)


def mount_key(directory: str, generation: int) -> str:
    """Name of a layer's mount: a trim makes a new index, and so another mount."""
    return f"{directory}-{generation}"


@dataclass(frozen=True)
class NewLayer:
    """A layer to be recorded; ``owned`` lists contents as (digest, offset), ``borrowed`` as (digest, device, size)."""

    record: LayerRecord
    owned: Sequence[tuple[bytes, int]]
    first_donor_device: int
    donors: tuple[int, ...]
    borrowed: Sequence[tuple[bytes, int, int]] = ()


_COLUMNS = (
    "id, diff_id, directory, logical_bytes, stored_bytes, index_bytes, borrowed_bytes, entries, index_digest,"
    " stored_at_ns"
)
_STATE = ", generation, is_live, is_damaged"


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
    rows = ((layer, digest, device, size) for digest, device, size in new.borrowed)
    connection.executemany("INSERT INTO borrowed VALUES (?, ?, ?, ?)", rows)
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
    sql = f"SELECT {_COLUMNS}{_STATE} FROM layers WHERE diff_id = ? AND is_live"  # noqa: S608 - constant
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
    sql = f"SELECT {_COLUMNS}{_STATE} FROM layers WHERE id = ?"  # noqa: S608 - constant
    return LayerRecord(*connection.execute(sql, (layer,)).fetchone())


def find_by_id(connection: sqlite3.Connection, layer: int) -> LayerRecord | None:
    """Return a layer, live or not, unless it is gone."""
    sql = f"SELECT {_COLUMNS}{_STATE} FROM layers WHERE id = ?"  # noqa: S608 - constant
    row = connection.execute(sql, (layer,)).fetchone()
    return None if row is None else LayerRecord(*row)


def page(connection: sqlite3.Connection, after: str, size: int) -> list[LayerRecord]:
    """Return up to ``size`` live layers whose diffID comes after ``after``."""
    sql = f"SELECT {_COLUMNS}{_STATE} FROM layers WHERE is_live AND diff_id > ? ORDER BY diff_id LIMIT ?"  # noqa: S608
    return [LayerRecord(*row) for row in connection.execute(sql, (after, size))]


def of_image(connection: sqlite3.Connection, image: str) -> list[LayerRecord]:
    """Return an image's layers, base first; one may come twice."""
    columns = ", ".join(f"layers.{name.strip()}" for name in (_COLUMNS + _STATE).split(","))
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


def every(connection: sqlite3.Connection) -> list[LayerRecord]:
    """Return all layers, oldest first, so that donors come before those who borrow from them."""
    sql = f"SELECT {_COLUMNS}{_STATE} FROM layers ORDER BY id"  # noqa: S608 - constant
    return [LayerRecord(*row) for row in connection.execute(sql)]


def borrowers(connection: sqlite3.Connection, donor: int) -> list[tuple[int, LayerRecord]]:
    """Return who borrows from a layer, and as which of their devices."""
    rows = connection.execute("SELECT device, borrower FROM loans WHERE donor = ? ORDER BY borrower", (donor,))
    return [(row[0], by_id(connection, row[1])) for row in rows.fetchall()]


def to_trim(connection: sqlite3.Connection) -> list[LayerRecord]:
    """Return the layers that only others' loans keep, unless one of these may be mounted now: leases say so.

    What is mounted goes on with the donor's index as it was, and so does what is mounted beside it. What is damaged
    stays as it is, and so does what it reads: its own tar may be what it is made again of.
    """
    sql = """
        SELECT id FROM layers WHERE uses = 0 AND NOT is_trimmed AND NOT is_damaged AND loans > 0 AND NOT EXISTS (
            SELECT 1 FROM loans JOIN layers AS borrowers ON borrowers.id = loans.borrower
            WHERE loans.donor = layers.id AND borrowers.is_damaged
        ) AND NOT EXISTS (
            SELECT 1 FROM loans JOIN lease_layers ON lease_layers.layer = loans.borrower WHERE loans.donor = layers.id
        ) AND NOT EXISTS (
            SELECT 1 FROM loans JOIN image_layers ON image_layers.layer = loans.borrower
            JOIN lease_images ON lease_images.image = image_layers.image WHERE loans.donor = layers.id
        )
    """
    return [by_id(connection, row[0]) for row in connection.execute(sql).fetchall()]


def begin_trim(connection: sqlite3.Connection, layer: LayerRecord, kept: Sequence[bytes], index_digest: bytes) -> None:
    """Let a layer lend only what it keeps from now on; its tree, and what it borrowed for it, is given up."""
    connection.execute(
        "UPDATE layers SET is_live = 0, generation = generation + 1, index_digest = ?, borrowed_bytes = 0 WHERE id = ?",
        (index_digest, layer.id),
    )
    connection.execute("CREATE TEMP TABLE IF NOT EXISTS kept (digest BLOB PRIMARY KEY) WITHOUT ROWID")
    connection.execute("DELETE FROM kept")
    connection.executemany("INSERT INTO kept VALUES (?)", ((digest,) for digest in kept))
    connection.execute("DELETE FROM objects WHERE layer = ? AND digest NOT IN (SELECT digest FROM kept)", (layer.id,))
    return_loans(connection, layer.id)


def return_loans(connection: sqlite3.Connection, borrower: int) -> None:
    """Give back what a layer borrowed; donors that only lend can shrink once more."""
    connection.execute(
        "UPDATE layers SET is_trimmed = 0 WHERE NOT is_live AND id IN (SELECT donor FROM loans WHERE borrower = ?)",
        (borrower,),
    )
    connection.execute("DELETE FROM loans WHERE borrower = ?", (borrower,))
    connection.execute("DELETE FROM borrowed WHERE borrower = ?", (borrower,))


def end_trim(connection: sqlite3.Connection, layer: int, stored_bytes: int, index_bytes: int) -> None:
    """Record what a trimmed layer takes now."""
    connection.execute(
        "UPDATE layers SET is_trimmed = 1, stored_bytes = ?, index_bytes = ? WHERE id = ?",
        (stored_bytes, index_bytes, layer),
    )


def quarantine(connection: sqlite3.Connection, layer: int) -> list[LayerRecord]:
    """Let nobody use a layer any more, nor any that reads files from it; who has mounted them goes on.

    Returns the others that were sound until now, as they were. So no layer in use borrows from a damaged one.
    """
    sql = """
        WITH RECURSIVE hit (id) AS (
            SELECT ? UNION SELECT loans.borrower FROM loans JOIN hit ON loans.donor = hit.id
        ) SELECT layers.id FROM hit JOIN layers ON layers.id = hit.id WHERE NOT is_damaged ORDER BY layers.id
    """
    hit = [by_id(connection, row[0]) for row in connection.execute(sql, (layer,)).fetchall()]
    for record in hit:
        connection.execute("UPDATE layers SET is_live = 0, is_damaged = 1 WHERE id = ?", (record.id,))
        connection.execute("DELETE FROM objects WHERE layer = ?", (record.id,))
    return [record for record in hit if record.id != layer]


def borrows_damage(connection: sqlite3.Connection, layer: int) -> bool:
    """Whether a layer reads files from a damaged one."""
    return any(donor.is_damaged for _, donor in donors(connection, layer))


def replace(connection: sqlite3.Connection, old: int, new: int) -> None:
    """Let images and leases have another layer of the same diffID."""
    connection.execute("UPDATE image_layers SET layer = ? WHERE layer = ?", (new, old))
    connection.execute("UPDATE OR IGNORE lease_layers SET layer = ? WHERE layer = ?", (new, old))
    connection.execute("DELETE FROM lease_layers WHERE layer = ?", (old,))
