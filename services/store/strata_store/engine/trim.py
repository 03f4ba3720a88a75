"""Shrinking layers that nothing has any more, but that others read files from.

The files others borrow stay where they are, so no mount and no hole map changes; all else is given back to the disk.
"""

import os
import sqlite3
from hashlib import sha256
from pathlib import Path

from strata_chassis.durable import write_atomic
from strata_store.adapters.content_root import AUX, INDEX, TAR, stored_bytes
from strata_store.adapters.hole_map import HOLES, REST
from strata_store.adapters.kernel import punch_hole
from strata_store.adapters.own_thread import in_own_thread
from strata_store.adapters.records import layers
from strata_store.adapters.records.layers import LayerRecord
from strata_store.core.contents import plan_trim
from strata_store.core.layer_index import read_objects, write_remnant_index
from strata_store.core.object_names import BORROWED
from strata_store.engine.stores import Stores

Kept = dict[bytes, tuple[int, int]]
"""Offset and size of each content that is kept, by digest."""


async def trim_remnants(stores: Stores) -> int:
    """Trim all layers that only lend; returns the bytes freed. What is cut off is done again by the next call."""
    freed = 0
    for donor in await stores.database.read(layers.to_trim):
        freed += await _trim(stores, donor)
    return freed


async def _trim(stores: Stores, donor: LayerRecord) -> int:
    borrowers = await stores.database.read(lambda connection: layers.borrowers(connection, donor.id))
    directory = stores.root.layer(donor.directory)
    indexes = [(device, stores.root.layer(layer.directory) / INDEX) for device, layer in borrowers]
    kept = await in_own_thread("layer-trim", lambda: _borrowed(indexes))
    index = b"".join(write_remnant_index(kept, donor.logical_bytes, bytes.fromhex(donor.directory[:32])))

    def begin(connection: sqlite3.Connection) -> bool:
        # Between looking and writing, somebody may have come to borrow more, or to use the layer again.
        if donor.id not in {layer.id for layer in layers.to_trim(connection)}:
            return False
        if layers.borrowers(connection, donor.id) != borrowers:
            return False
        layers.begin_trim(connection, donor, list(kept), sha256(index).digest())
        return True

    if not await stores.database.write(begin):
        return 0
    await in_own_thread("layer-trim", lambda: _cut(directory, index, kept, donor.logical_bytes))
    size, index_bytes = stored_bytes(directory), stored_bytes(directory / INDEX)
    await stores.database.write(lambda connection: layers.end_trim(connection, donor.id, size, index_bytes))
    return donor.stored_bytes - size


def _borrowed(indexes: list[tuple[int, Path]]) -> Kept:
    kept: Kept = {}
    for device, path in indexes:
        for digest, inode in read_objects(path.read_bytes(), BORROWED).items():
            if inode.device == device:
                kept[digest] = (inode.data_offset, inode.size)
    return kept


def _cut(directory: Path, index: bytes, kept: Kept, size: int) -> None:
    write_atomic(directory / INDEX, index)
    for name in (AUX, HOLES, REST):
        (directory / name).unlink(missing_ok=True)
    descriptor = os.open(directory / TAR, os.O_RDWR | os.O_CLOEXEC)
    try:
        for offset, length in plan_trim(kept.values(), size):
            punch_hole(descriptor, offset, length)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
