"""A registry service that misbehaves as a test wants: the real contract over a real socket, blobs from memory."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import grpc
from strata.registry.v1.registry_pb2_grpc import RegistryServiceServicer, add_RegistryServiceServicer_to_server

from strata.oci.v1 import oci_pb2
from strata.registry.v1 import registry_pb2 as pb
from strata_oci import media_types

CHUNK = 16 * 1024


def digest_of(data: bytes) -> str:
    return f"sha256:{sha256(data).hexdigest()}"


@dataclass
class RegistryDouble(RegistryServiceServicer):
    """Serves ``blobs`` and ``manifests`` by digest."""

    blobs: dict[str, bytes] = field(default_factory=dict)
    manifests: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    breaks_after: list[int] = field(default_factory=list)
    """Bytes of a stream after which it breaks, once each."""
    held: set[str] = field(default_factory=set)
    """Blobs whose streams never give a byte."""
    asked: list[tuple[str, int]] = field(default_factory=list)
    """Digest and offset of each stream that was asked for."""

    def add_blob(self, data: bytes) -> str:
        digest = digest_of(data)
        self.blobs[digest] = data
        return digest

    def add_manifest(self, document: dict[str, Any], media_type: str = media_types.OCI_MANIFEST) -> str:
        raw = json.dumps({"schemaVersion": 2, "mediaType": media_type, **document}).encode()
        self.manifests[digest_of(raw)] = (media_type, raw)
        return digest_of(raw)

    def add_image(self, layers: list[tuple[bytes, bytes]], **changes: Any) -> str:
        """Add an image of (blob, tar) pairs; ``changes`` replace parts of its config. Returns its digest."""
        diff_ids = [digest_of(tar) for _, tar in layers]
        config = {"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": diff_ids}, **changes}
        raw = json.dumps(config).encode()
        described = [_describe(media_types.OCI_LAYER_GZIP, self.add_blob(blob), len(blob)) for blob, _ in layers]
        return self.add_manifest(
            {"config": _describe(media_types.OCI_CONFIG, self.add_blob(raw), len(raw)), "layers": described}
        )

    async def GetManifest(self, request: pb.GetManifestRequest, context: Any) -> pb.GetManifestResponse:
        media_type, raw = self.manifests[request.reference]
        return pb.GetManifestResponse(
            target=oci_pb2.Descriptor(media_type=media_type, digest=request.reference, size_bytes=len(raw)),
            content=raw,
        )

    async def FetchBlob(self, request: pb.FetchBlobRequest, context: Any) -> AsyncIterator[pb.FetchBlobResponse]:
        self.asked.append((request.digest, request.offset))
        if request.digest in self.held:
            await asyncio.Event().wait()
        data = self.blobs[request.digest]
        breaks_after = self.breaks_after.pop(0) if self.breaks_after and len(data) > CHUNK else None
        for start in range(request.offset, len(data), CHUNK):
            if breaks_after is not None and start - request.offset >= breaks_after:
                await context.abort(grpc.StatusCode.UNAVAILABLE, "the registry went away")
            yield pb.FetchBlobResponse(data=data[start : start + CHUNK], size_bytes=len(data))


def _describe(media_type: str, digest: str, size: int) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest, "size": size}


@asynccontextmanager
async def serving(double: RegistryDouble, socket: Path) -> AsyncIterator[str]:
    """Serve the double; yields its address."""
    server = grpc.aio.server()
    add_RegistryServiceServicer_to_server(double, server)
    server.add_insecure_port(f"unix:{socket}")
    await server.start()
    try:
        yield f"unix://{socket}"
    finally:
        await server.stop(None)
