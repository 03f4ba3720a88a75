"""Reading stored things again and comparing them with their names."""

from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path

from strata_store.adapters import hole_map
from strata_store.adapters.content_root import INDEX, TAR
from strata_store.adapters.records.layers import LayerRecord
from strata_store.core.layer_index import read_objects
from strata_store.core.object_names import OBJECTS

_CHUNK_BYTES = 1 << 20
Verdict = str
"""What is wrong, as the end of a sentence; empty if nothing is."""


def verify_layer(record: LayerRecord, devices: Sequence[Path]) -> Iterator[tuple[int, Verdict]]:
    """Verify a whole layer: its index, then its exact tar through its holes. Yields (bytes read, verdict)."""
    directory = devices[0].parent
    yield verify_file(directory / INDEX, record.index_digest, "its index")
    hasher = sha256()
    try:
        holes = hole_map.read(directory)
        for piece in hole_map.read_tar(devices, holes, record.logical_bytes):
            hasher.update(piece)
            yield len(piece), ""
    except (OSError, EOFError, ValueError) as error:
        yield 0, f"its tar cannot be read: {error}"
        return
    found = f"sha256:{hasher.hexdigest()}"
    yield 0, "" if found == record.diff_id else f"its tar has digest {found}"


def verify_remnant(record: LayerRecord, directory: Path) -> Iterator[tuple[int, Verdict]]:
    """Verify what is left of a layer for others: its index, then each content it names."""
    size, verdict = verify_file(directory / INDEX, record.index_digest, "its index")
    yield size, verdict
    if verdict:
        return
    contents = read_objects((directory / INDEX).read_bytes(), OBJECTS)
    with (directory / TAR).open("rb") as tar:
        for digest, inode in sorted(contents.items(), key=lambda item: item[1].data_offset):
            yield inode.size, ""
            if _digest_of_range(tar.fileno(), inode.data_offset, inode.size) != digest:
                yield 0, f"a file it lends, {digest.hex()}, is not what it was"
                return


def verify_file(path: Path, digest: bytes, what: str) -> tuple[int, Verdict]:
    """Verify one file."""
    try:
        data = path.read_bytes()
    except OSError as error:
        return 0, f"{what} cannot be read: {error.strerror}"
    return len(data), "" if sha256(data).digest() == digest else f"{what} is not what was written"


def _digest_of_range(descriptor: int, offset: int, length: int) -> bytes:
    hasher = sha256()
    for piece in hole_map.read_range(descriptor, offset, length):
        hasher.update(piece)
    return hasher.digest()
