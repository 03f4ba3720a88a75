"""Push: upload an image's layers, config and manifest under a name it has.

A layer goes up as the blob it came as, where the registry service still has that or can fetch it again: its digest,
and the manifest's, stay what they were. A layer that was made here goes up as the plain tar, named by its diffID.
"""

import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from strata.gateway.v1 import gateway_pb2 as pb
from strata.oci.v1 import oci_pb2
from strata.registry.v1 import registry_pb2 as registry_pb
from strata.store.v1 import store_pb2 as store_pb
from strata_chassis.errors import InvalidArgument, NotFound, Unavailable
from strata_gateway.adapters.peers import Peers
from strata_gateway.core.archive.layout import OCI_CONFIG, OCI_MANIFEST, TAR_LAYER
from strata_oci.errors import MalformedError
from strata_oci.reference import Reference

_UNOBTAINABLE = (NotFound, Unavailable)


@dataclass(frozen=True)
class _Blob:
    """A blob to be pushed; ``source`` is the repository it can be fetched from, "" for a tar of the store."""

    descriptor: Mapping[str, Any]
    diff_id: str
    source: str

    @property
    def digest(self) -> str:
        return str(self.descriptor["digest"])

    @property
    def size_bytes(self) -> int:
        return int(self.descriptor["size"])


async def push(peers: Peers, request: pb.PushRequest) -> AsyncGenerator[pb.PushResponse, None]:
    """Upload; yields every layer's progress, and at last the manifest's descriptor."""
    target = _target(request.reference)
    got = await peers.store.GetImage(store_pb.GetImageRequest(image=str(target)))
    blobs = await _blobs(peers, got)
    for blob in blobs:
        yield _progress(blob, store_pb.LAYER_STATE_WAITING)
    for blob in blobs:
        yield _progress(blob, store_pb.LAYER_STATE_DOWNLOADING)
        existed = await _push_blob(peers, request, target.name, blob)
        yield _progress(blob, store_pb.LAYER_STATE_EXISTS if existed else store_pb.LAYER_STATE_COMPLETE)
    await _push_config(peers, request, target.name, got.config, got.image.id)
    manifest, media_type = _manifest(got, blobs)
    pushed = await peers.registry.PushManifest(
        registry_pb.PushManifestRequest(
            repository=target.name,
            reference=target.tag or str(target.digest),
            media_type=media_type,
            content=manifest,
            credentials=_credentials(request),
        )
    )
    yield pb.PushResponse(pushed=pushed.target)


def _target(text: str) -> Reference:
    try:
        return Reference.parse(text).with_default_tag()
    except MalformedError as error:
        raise InvalidArgument(error.message, reason=error.reason, metadata={"reference": text}) from error


async def _blobs(peers: Peers, got: store_pb.GetImageResponse) -> Sequence[_Blob]:
    descriptors = json.loads(got.manifest)["layers"]
    pairs = list(zip(descriptors, got.image.diff_ids, strict=True))
    blobs = []
    for descriptor, diff_id in pairs:
        source = "" if descriptor["digest"] == diff_id else await _source_of(peers, got.image, descriptor["digest"])
        is_plain = descriptor["digest"] != diff_id and not source
        blobs.append(_Blob(await _plain(peers, diff_id) if is_plain else descriptor, diff_id, source))
    return blobs


async def _source_of(peers: Peers, image: store_pb.Image, digest: str) -> str:
    """Repository from which the blob can still be had; "" if there is none."""
    for name in image.repo_digests:
        repository = Reference.parse(name).name
        call = peers.registry.FetchBlob(registry_pb.FetchBlobRequest(repository=repository, digest=digest))
        try:
            async for _ in call:
                return repository
        except _UNOBTAINABLE:
            continue
        finally:
            call.cancel()
    return ""


async def _plain(peers: Peers, diff_id: str) -> Mapping[str, Any]:
    layer = (await peers.store.GetLayer(store_pb.GetLayerRequest(diff_id=diff_id))).layer
    return {"mediaType": TAR_LAYER, "digest": diff_id, "size": layer.logical_bytes}


async def _push_blob(peers: Peers, request: pb.PushRequest, repository: str, blob: _Blob) -> bool:
    """Upload one blob; True when it was there before."""
    header = registry_pb.PushBlobRequest.Header(
        repository=repository,
        digest=blob.digest,
        size_bytes=blob.size_bytes,
        mount_from=blob.source if _share_a_registry(blob.source, repository) else "",
        credentials=_credentials(request),
    )
    data = _fetched(peers, blob) if blob.source else _exported(peers, blob)
    return (await peers.registry.PushBlob(_push_requests(header, data))).existed


def _share_a_registry(source: str, target: str) -> bool:
    return bool(source) and source.partition("/")[0] == target.partition("/")[0]


async def _push_requests(
    header: registry_pb.PushBlobRequest.Header, data: AsyncIterator[bytes]
) -> AsyncIterator[registry_pb.PushBlobRequest]:
    yield registry_pb.PushBlobRequest(header=header)
    async for chunk in data:
        yield registry_pb.PushBlobRequest(data=chunk)


async def _fetched(peers: Peers, blob: _Blob) -> AsyncIterator[bytes]:
    asked = registry_pb.FetchBlobRequest(repository=blob.source, digest=blob.digest)
    async for response in peers.registry.FetchBlob(asked):
        yield response.data


async def _exported(peers: Peers, blob: _Blob) -> AsyncIterator[bytes]:
    async for response in peers.store.ExportLayer(store_pb.ExportLayerRequest(diff_id=blob.diff_id)):
        yield response.data


async def _push_config(peers: Peers, request: pb.PushRequest, repository: str, config: bytes, digest: str) -> None:
    async def whole() -> AsyncIterator[bytes]:
        yield config

    header = registry_pb.PushBlobRequest.Header(
        repository=repository, digest=digest, size_bytes=len(config), credentials=_credentials(request)
    )
    await peers.registry.PushBlob(_push_requests(header, whole()))


def _manifest(got: store_pb.GetImageResponse, blobs: Sequence[_Blob]) -> tuple[bytes, str]:
    """The exact manifest the image came with, or one that names the plain tars it goes up with."""
    original = json.loads(got.manifest)
    descriptors = [dict(blob.descriptor) for blob in blobs]
    if descriptors == original["layers"]:
        return got.manifest, original.get("mediaType") or OCI_MANIFEST
    config = {"mediaType": OCI_CONFIG, "digest": got.image.id, "size": len(got.config)}
    document = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": config, "layers": descriptors}
    return json.dumps(document, separators=(",", ":")).encode(), OCI_MANIFEST


def _progress(blob: _Blob, state: store_pb.LayerState.ValueType) -> pb.PushResponse:
    is_done = state in {store_pb.LAYER_STATE_COMPLETE, store_pb.LAYER_STATE_EXISTS}
    return pb.PushResponse(
        layer=store_pb.LayerProgress(
            digest=blob.digest,
            state=state,
            current_bytes=blob.size_bytes if is_done else 0,
            total_bytes=blob.size_bytes,
        )
    )


def _credentials(request: pb.PushRequest) -> oci_pb2.Credentials | None:
    return request.credentials if request.HasField("credentials") else None
