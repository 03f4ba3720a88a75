"""Images on disk and in the records: committed, named, found, mounted, removed."""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from strata_chassis.database import Database
from strata_chassis.errors import Conflict, DataLoss, InvalidArgument
from strata_oci.digest import Digest
from strata_oci.image_config import ImageConfig
from strata_store.adapters.content_root import ContentRoot, stored_bytes
from strata_store.adapters.ingest import write_synced
from strata_store.adapters.own_thread import in_own_thread
from strata_store.adapters.records import images, layers, leases
from strata_store.adapters.records.finding import find_image
from strata_store.adapters.records.images import ImageRecord, stack_of
from strata_store.adapters.records.layers import LayerRecord
from strata_store.core.image_index import write_image_index
from strata_store.core.inode import Inode
from strata_store.core.merge import merge_layers
from strata_store.core.names import holder, matches, parse_position, parse_reference, tag_name
from strata_store.engine.layer_store import Committed, LayerFiles, LayerStore

Verify = Callable[[Path, bytes], tuple[int, str]]
"""Compares a file with its digest: (bytes read, what is wrong)."""


@dataclass(frozen=True)
class Document:
    """A manifest or config: its type and its exact bytes."""

    media_type: str
    data: bytes

    @property
    def digest(self) -> Digest:
        """Name of the bytes."""
        return Digest.of(self.data)


@dataclass(frozen=True)
class NewImage:
    """An image whose layers are all stored, base first; ``names`` are in full."""

    manifest: Document
    config_type: str
    config: ImageConfig
    layers: Sequence[Committed]
    names: Sequence[str] = ()
    repo_digests: Sequence[str] = ()


@dataclass(frozen=True)
class ImageMount:
    """All that has to be mounted to see an image: META, the data-only layers under it, the stack of plain layers."""

    image: ImageRecord
    config: bytes
    meta: LayerFiles
    layers: tuple[LayerFiles, ...]
    data: tuple[LayerFiles, ...]


class ImageStore:
    """All images of the node."""

    def __init__(self, root: ContentRoot, database: Database, layer_store: LayerStore) -> None:
        self._root = root
        self._database = database
        self._layers = layer_store
        self.committing = asyncio.Lock()
        """Held while a merged index is chosen or made and recorded, so that no collection comes between."""

    async def commit(self, new: NewImage, lease: str) -> ImageRecord:
        """Make an image visible: its merged index first, then all its records in one step."""
        async with self.committing:
            return await self._commit(new, lease)

    async def _commit(self, new: NewImage, lease: str) -> ImageRecord:
        stack = stack_of(new.config.diff_ids)
        size, index_digest = await self._ensure_stack(stack, new.layers)
        logical = sum(layer.record.logical_bytes for layer in new.layers)
        image = images.describe(new.manifest.digest, new.config, logical, time.time_ns())

        def work(connection: sqlite3.Connection) -> ImageRecord:
            images.put_content(connection, new.manifest.digest, new.manifest.media_type, new.manifest.data)
            images.put_content(connection, new.config.image_id, new.config_type, new.config.raw)
            images.put_stack(connection, stack, size, index_digest)
            images.add(connection, image, [layer.record.id for layer in new.layers])
            return _finish(connection, image.digest, new.names, new.repo_digests, lease)

        return await self._database.write(work)

    async def name_existing(
        self, digest: Digest, names: Sequence[str], repo_digests: Sequence[str], lease: str
    ) -> ImageRecord | None:
        """Name and lease an image that is there already; None if it is not."""

        def work(connection: sqlite3.Connection) -> ImageRecord | None:
            if images.get(connection, str(digest)) is None or _damaged(connection, str(digest)):
                return None
            images.restore(connection, str(digest))
            return _finish(connection, str(digest), names, repo_digests, lease)

        return await self._database.write(work)

    async def _ensure_stack(self, stack: str, stored: Sequence[Committed]) -> tuple[int, bytes]:
        path = self._root.image(stack)
        found = await self._database.read(lambda connection: images.get_stack(connection, stack))
        if found is not None and path.exists():
            return found
        trees = [layer.tree or await self._layers.tree(layer.record) for layer in stored]
        index_digest = await in_own_thread("image-index", lambda: self._write_stack(path, stack, trees))
        return stored_bytes(path), index_digest

    def _write_stack(self, path: Path, stack: str, trees: Sequence[Inode]) -> bytes:
        pieces = write_image_index(merge_layers(trees), bytes.fromhex(stack[:32]))
        scratch = self._root.new_scratch()
        digest = write_synced(scratch / path.name, pieces)
        (scratch / path.name).replace(path)
        scratch.rmdir()
        self._root.sync_images()
        return digest

    async def check_index(self, image: ImageRecord, verify: Verify) -> tuple[int, str]:
        """Let ``verify`` read an image's merged index, and make that again from its layers if it is not right.

        Returns the bytes read and what was wrong; nothing of an image that is gone. No collection comes between.
        """
        async with self.committing:
            found = await self._database.read(lambda connection: _index_of(connection, image))
            if found is None:
                return 0, ""
            records, digest = found
            size, problem = await in_own_thread("image-verify", lambda: verify(self._root.image(image.stack), digest))
            if problem:
                await self._rebuild(image, records)
            return size, problem

    async def _rebuild(self, image: ImageRecord, records: Sequence[LayerRecord]) -> None:
        trees = [await self._layers.tree(record) for record in records]
        path = self._root.image(image.stack)
        digest = await in_own_thread("image-index", lambda: self._write_stack(path, image.stack, trees))
        size = stored_bytes(path)
        await self._database.write(lambda connection: images.update_stack(connection, image.stack, size, digest))

    # Finding and naming.

    async def find(self, text: str) -> ImageRecord:
        """Return the image a user means."""
        return await self._database.read(lambda connection: find_image(connection, text))

    async def content(self, digest: str) -> tuple[str, bytes]:
        """Return media type and bytes of a manifest or config. Raises NotFound (CONTENT_UNKNOWN)."""
        return await self._database.read(lambda connection: images.get_content(connection, digest))

    async def tag(self, text: str, reference: str) -> ImageRecord:
        """Give an image one more name."""
        name = tag_name(parse_reference(reference))

        def work(connection: sqlite3.Connection) -> ImageRecord:
            image = find_image(connection, text)
            return _finish(connection, image.digest, [name], [], "")

        return await self._database.write(work)

    async def page(self, token: str, size: int, pattern: str) -> tuple[list[ImageRecord], str]:
        """Return images, newest first, with a name that matches ``pattern``, and the token of the next page."""
        position = parse_position(token)
        found: list[ImageRecord] = []
        while True:
            after, asked = position, size + 1 - len(found)
            batch = await self._database.read(lambda connection: images.page(connection, after, asked))  # noqa: B023
            found += [image for image in batch if not pattern or matches(pattern, image.names)]
            if len(found) > size:
                last = found[size - 1]
                return found[:size], f"{last.stored_at_ns}:{last.digest}"
            if len(batch) < asked:
                return found, ""
            position = (batch[-1].stored_at_ns, batch[-1].digest)

    async def remove(self, text: str, *, is_forced: bool) -> list[str]:
        """Take a name away, or with the last name (or by ID) the image; returns the names taken.

        Raises Conflict (IMAGE_HAS_NAMES, IMAGE_IN_USE) unless forced; an image that is forced out of use keeps its
        files until its leases end.
        """
        return await self._database.write(lambda connection: _remove(connection, text, is_forced=is_forced))

    # Mounting.

    async def mount(self, text: str, lease: str) -> ImageMount:
        """Say what has to be mounted for an image, and lease it in the same step if a lease is named."""

        def find(connection: sqlite3.Connection) -> ImageRecord:
            # A container may be started again although its image was removed by force: its digest still finds it.
            return images.get(connection, text) or find_image(connection, text)

        def hold(connection: sqlite3.Connection) -> ImageRecord:
            image = find(connection)
            leases.ensure(connection, lease, time.time_ns())
            leases.hold(connection, lease, images=[image.digest])
            return image

        image = await (self._database.write(hold) if lease else self._database.read(find))
        records, lent = await self._database.read(lambda connection: _stack_of(connection, image.digest))
        damaged = [record.diff_id for record in (*records, *lent) if record.is_damaged]
        if damaged:
            raise DataLoss(
                f"layer {damaged[0]} of image {text!r} is damaged: pull the image again",
                reason="CONTENT_DAMAGED",
                metadata={"image": text, "layer": damaged[0]},
            )
        files = {record.id: await self._layers.files(record) for record in (*records, *lent)}
        _, config = await self.content(image.config)
        return ImageMount(
            image=image,
            config=config,
            meta=LayerFiles(image.stack, self._root.image(image.stack), ()),
            layers=tuple(files[record.id] for record in records),
            data=tuple(files.values()),
        )


def _index_of(connection: sqlite3.Connection, image: ImageRecord) -> tuple[list[LayerRecord], bytes] | None:
    recorded = images.get_stack(connection, image.stack)
    if recorded is None or images.get(connection, image.digest) is None:
        return None
    return layers.of_image(connection, image.digest), recorded[1]


def _stack_of(connection: sqlite3.Connection, image: str) -> tuple[list[LayerRecord], list[LayerRecord]]:
    """Return an image's layers, each once where it counts (at the top), and those they borrow from."""
    stacked = layers.of_image(connection, image)
    last = {record.id: position for position, record in enumerate(stacked)}
    records = [record for position, record in enumerate(stacked) if last[record.id] == position]
    lent = {donor.id: donor for record in records for _, donor in layers.donors(connection, record.id)}
    return records, [donor for donor in lent.values() if donor.id not in last]


def _damaged(connection: sqlite3.Connection, image: str) -> bool:
    return any(
        record.is_damaged or layers.borrows_damage(connection, record.id)
        for record in layers.of_image(connection, image)
    )


def _finish(
    connection: sqlite3.Connection, digest: str, names: Sequence[str], repo_digests: Sequence[str], lease: str
) -> ImageRecord:
    for name in names:
        images.put_name(connection, name, digest)
    for repo_digest in repo_digests:
        images.put_repo_digest(connection, digest, repo_digest)
    if lease:
        leases.ensure(connection, lease, time.time_ns())
        leases.hold(connection, lease, images=[digest])
    image = images.get(connection, digest)
    assert image is not None  # noqa: S101 - it was written above, in this transaction
    return image


def _remove(connection: sqlite3.Connection, text: str, *, is_forced: bool) -> list[str]:
    image = find_image(connection, text)
    taken = _names_meant(image, text)
    if len(taken) < len(image.names):
        images.drop_names(connection, taken)
        return list(taken)
    if len(image.names) > 1 and not is_forced:
        raise Conflict(
            f"image {text!r} has {len(image.names)} names: remove them one by one, or force it",
            reason="IMAGE_HAS_NAMES",
            metadata={"image": text, "names": ",".join(image.names)},
        )
    holders = images.leases_of(connection, image.digest)
    if holders and not is_forced:
        raise Conflict(
            f"image {text!r} is in use by {holder(holders[0])}",
            reason="IMAGE_IN_USE",
            metadata={"image": text, "lease": holders[0]},
        )
    images.drop_names(connection, image.names)
    images.mark_removed(connection, image.digest)
    return list(image.names)


def _names_meant(image: ImageRecord, text: str) -> tuple[str, ...]:
    """Return the names a user takes away: the one that was given, or all if the image was meant by its ID."""
    try:
        name = tag_name(parse_reference(text))
    except InvalidArgument:
        return image.names
    return (name,) if "@" not in text and name in image.names else image.names
