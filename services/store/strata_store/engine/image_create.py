"""Making images of layers that are stored already: commit, build and load end here."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass

from strata_chassis.errors import InvalidArgument, NotFound
from strata_oci import media_types
from strata_oci.digest import Digest
from strata_oci.document import parse_document
from strata_oci.errors import MalformedError
from strata_oci.image_config import ImageConfig
from strata_oci.manifest import Manifest
from strata_store.adapters.records.images import ImageRecord
from strata_store.core.names import parse_reference, tag_name
from strata_store.engine.image_store import Document, ImageStore, NewImage
from strata_store.engine.layer_store import Committed, LayerStore
from strata_store.engine.lease_store import LeaseStore


@dataclass(frozen=True)
class ImageCreator:
    """Turns a config and stored layers into an image."""

    images: ImageStore
    layers: LayerStore
    leases: LeaseStore

    async def create(self, config: bytes, manifest: bytes, names: Sequence[str], lease: str) -> ImageRecord:
        """Make the image of ``config``; without a ``manifest`` one with uncompressed layers is made.

        Raises InvalidArgument (CONFIG_INVALID, MANIFEST_INVALID), NotFound (LAYER_UNKNOWN).
        """
        parsed = _parse_config(config)
        full_names = [tag_name(parse_reference(name)) for name in names]
        holder = lease or f"create/{time.monotonic_ns()}"
        try:
            stored = [await self._hold(diff_id, holder) for diff_id in parsed.diff_ids]
            document = _document(manifest) if manifest else _make_manifest(parsed, stored)
            new = NewImage(document, media_types.OCI_CONFIG, parsed, stored, full_names)
            return await self.images.commit(new, lease)
        finally:
            if not lease:
                await self.leases.delete(holder)

    async def _hold(self, diff_id: Digest, lease: str) -> Committed:
        record = await self.layers.hold(diff_id, lease)
        if record is None:
            raise NotFound(f"there is no layer {diff_id}", reason="LAYER_UNKNOWN", metadata={"layer": str(diff_id)})
        return Committed(record)


def _parse_config(raw: bytes) -> ImageConfig:
    try:
        return ImageConfig.parse(raw)
    except MalformedError as error:
        raise InvalidArgument(error.message, reason="CONFIG_INVALID") from error


def _document(raw: bytes) -> Document:
    try:
        manifest = parse_document(raw, "")
    except MalformedError as error:
        raise InvalidArgument(error.message, reason="MANIFEST_INVALID") from error
    if not isinstance(manifest, Manifest):
        raise InvalidArgument("that is an index, not an image's manifest", reason="MANIFEST_INVALID")
    return Document(manifest.media_type, raw)


def _make_manifest(config: ImageConfig, stored: Sequence[Committed]) -> Document:
    layers = [
        {"mediaType": media_types.OCI_LAYER, "digest": x.record.diff_id, "size": x.record.logical_bytes} for x in stored
    ]
    manifest = {
        "schemaVersion": 2,
        "mediaType": media_types.OCI_MANIFEST,
        "config": {"mediaType": media_types.OCI_CONFIG, "digest": str(config.image_id), "size": len(config.raw)},
        "layers": layers,
    }
    return Document(media_types.OCI_MANIFEST, json.dumps(manifest, separators=(",", ":")).encode())
