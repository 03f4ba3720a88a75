"""From a stream of a layer's bytes to its tar and its index, in one pass.

Four threads share the work: this one decompresses, two hash the blob and the plain tar, and one writes, parses and
hashes each file. All the heavy parts release the interpreter's lock.
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from strata_oci.digest import Digest
from strata_store.adapters import hole_map
from strata_store.adapters.content_root import AUX, INDEX, TAR
from strata_store.adapters.decompress import decompressed
from strata_store.adapters.kernel import punch_hole, start_writeback
from strata_store.adapters.stage import Stage
from strata_store.core.contents import Contents, Place, choose_donors, place_sparse, plan_tar
from strata_store.core.digests import digest_mismatch
from strata_store.core.holes import Hole, whole_ranges
from strata_store.core.inode import Inode
from strata_store.core.layer_errors import layer_too_large
from strata_store.core.layer_index import write_layer_index
from strata_store.core.layer_tree import LayerTree
from strata_store.core.tar.reader import TarReader

_WRITEBACK_BYTES = 8 << 20


@dataclass(frozen=True)
class Limits:
    """What a layer may cost at most."""

    tar_bytes: int = 1 << 40
    inodes: int = 1 << 20
    metadata_bytes: int = 256 << 20


@dataclass
class Meter:
    """How many bytes of the tar have been written; read it from any thread."""

    tar_bytes: int = 0


@dataclass(frozen=True)
class Expected:
    """What the bytes must turn out to be, as far as it is known."""

    blob: Digest | None = None
    diff_id: Digest | None = None


@dataclass(frozen=True)
class Received:
    """A tar that arrived whole and is what it should be; not yet on the disk for good."""

    scratch: Path
    diff_id: Digest
    blob_bytes: int
    tar_bytes: int
    entries: int
    contents: Contents


@dataclass(frozen=True)
class Donor:
    """An older layer that bytes can be borrowed from."""

    layer: int
    tar: Path
    tar_bytes: int


@dataclass(frozen=True)
class Built:
    """A layer whose files are complete and on the disk, still in its scratch directory.

    ``owned`` lists the contents it can lend: (digest, offset); ``borrowed`` those it borrows: (digest, device, size).
    """

    received: Received
    owned: list[tuple[bytes, int]]
    borrowed: list[tuple[bytes, int, int]]
    first_donor_device: int
    donors: tuple[int, ...]
    index_digest: bytes

    @property
    def tree(self) -> Inode:
        """The layer's tree, with digests, as ``merge_layers`` wants it."""
        return self.received.contents.tree


class _TarFile:
    """Takes blocks of the tar: writes them, and lets the reader see them."""

    def __init__(self, path: Path, limits: Limits, meter: Meter) -> None:
        self._meter = meter
        self.tree = LayerTree(limits.inodes, limits.metadata_bytes)
        self.size = 0
        self._reader = TarReader(self.tree)
        self._limit = limits.tar_bytes
        self._flushed = 0
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)

    def take(self, block: bytes) -> None:
        self.size += len(block)
        if self.size > self._limit:
            raise layer_too_large("the layer is", self._limit)
        rest = memoryview(block)
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]
        self._reader.feed(block)
        self._meter.tar_bytes = self.size
        if self.size - self._flushed >= _WRITEBACK_BYTES:
            start_writeback(self._descriptor, self._flushed, self.size - self._flushed)
            self._flushed = self.size

    def finish(self) -> None:
        self._reader.finish()

    def close(self) -> None:
        os.close(self._descriptor)


def receive(
    chunks: Iterable[bytes], scratch: Path, expected: Expected, limits: Limits, meter: Meter | None = None
) -> Received:
    """Take a layer in, compressed or not, into ``scratch``; blocks until it is there.

    Raises DataLoss (DIGEST_MISMATCH) if a digest is not the expected one, InvalidArgument (LAYER_INVALID) for what is
    no layer, ResourceExhausted for what is too large.
    """
    compressed, plain = sha256(), sha256()
    tar = _TarFile(scratch / TAR, limits, meter or Meter())
    try:
        with (
            Stage("blob-digest", compressed.update) as checking,
            Stage("layer-digest", plain.update) as hashing,
            Stage("layer-tar", tar.take) as writing,
        ):
            blob = _Blob(chunks, checking)
            for block in decompressed(blob):
                hashing.put(block)
                writing.put(block)
            blob.drain()
            for stage in (checking, hashing, writing):
                stage.finish()
        _check(expected.blob, Digest("sha256", compressed.hexdigest()), "blob of a layer")
        diff_id = Digest("sha256", plain.hexdigest())
        _check(expected.diff_id, diff_id, "tar of a layer")
        tar.finish()
    finally:
        tar.close()
    return Received(scratch, diff_id, blob.size, tar.size, tar.tree.entries, Contents(tar.tree.root))


class _Blob:
    """The chunks of the compressed blob, counted and handed to their digest as they pass."""

    def __init__(self, chunks: Iterable[bytes], checking: Stage) -> None:
        self._chunks = iter(chunks)
        self._checking = checking
        self.size = 0

    def __iter__(self) -> "_Blob":
        return self

    def __next__(self) -> bytes:
        chunk = next(self._chunks)
        self._checking.put(chunk)
        self.size += len(chunk)
        return chunk

    def drain(self) -> None:
        """Read what the decompressor did not need, for the digest."""
        for _ in self:
            pass


def _check(expected: Digest | None, found: Digest, what: str) -> None:
    if expected is not None and expected != found:
        raise digest_mismatch(what, expected, found)


def build(received: Received, known: Mapping[bytes, Place], donors: Mapping[int, Donor]) -> Built:
    """Write the index of a received layer, give back what others hold already, and bring all of it to the disk.

    ``known`` says where older layers hold contents of this one, ``donors`` which layers those are.
    """
    contents = received.contents
    chosen, taken = choose_donors(contents, known)
    sparse = contents.sparse()
    first_donor = 2 + bool(sparse)
    device = {layer: number for number, layer in enumerate(chosen, start=first_donor)}
    places = {digest: (device[place.layer], place.offset) for digest, place in taken.items()}
    tar = received.scratch / TAR
    laid_out, aux_bytes = place_sparse(sparse)
    holes = plan_tar(contents, places, laid_out)
    _write_aux(tar, received.scratch / AUX, sparse, laid_out, aux_bytes)
    sizes = [received.tar_bytes, *([aux_bytes] if sparse else []), *(donors[layer].tar_bytes for layer in chosen)]
    with Stage("layer-sync", lambda _: _settle_tar(tar, holes)) as settling:
        settling.put(b"")
        contents.move({**places, **laid_out})
        index_digest = _write_index(received, places, sizes)
        hole_map.write(received.scratch, holes)
        owned = [(digest, inode.data_offset) for digest, inode in contents.plain() if digest not in places]
        borrowed = [(digest, number, contents.first[digest].size) for digest, (number, _) in places.items()]
        settling.finish()
    return Built(received, owned, borrowed, first_donor, chosen, index_digest)


def _settle_tar(tar: Path, holes: list[Hole]) -> None:
    descriptor = os.open(tar, os.O_RDWR | os.O_CLOEXEC)
    try:
        hole_map.keep_rest(descriptor, tar.parent, holes)
        for offset, length in whole_ranges(holes):
            punch_hole(descriptor, offset, length)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_index(received: Received, places: Mapping[bytes, tuple[int, int]], sizes: list[int]) -> bytes:
    first = received.contents.first
    owned = {digest: inode for digest, inode in first.items() if digest not in places}
    borrowed = {digest: first[digest] for digest in places}
    uuid = bytes.fromhex(received.diff_id.hex[:32])
    return write_synced(
        received.scratch / INDEX, write_layer_index(received.contents.tree, owned, borrowed, sizes, uuid)
    )


def write_synced(path: Path, pieces: Iterable[bytes]) -> bytes:
    """Write a new file, bring it to the disk and return its digest; its name is synced with the directory's commit."""
    hasher = sha256()
    with path.open("xb") as file:
        for piece in pieces:
            hasher.update(piece)
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())
    return hasher.digest()


def _write_aux(tar: Path, aux: Path, sparse: list[Inode], places: Mapping[bytes, tuple[int, int]], size: int) -> None:
    """Lay sparse files out on a device of their own, a sparse file itself: holes cost nothing there either."""
    if not sparse:
        return
    with tar.open("rb") as source, aux.open("xb") as target:
        target.truncate(size)
        for inode in sparse:
            position = inode.data_offset
            start = places[inode.digest or b""][1]
            for offset, length in inode.extents or ():
                _copy(source.fileno(), target.fileno(), position, start + offset, length)
                position += length
        os.fsync(target.fileno())


def _copy(source: int, target: int, start: int, to: int, length: int) -> None:
    while length:
        copied = os.copy_file_range(source, target, length, start, to)
        start, to, length = start + copied, to + copied, length - copied
