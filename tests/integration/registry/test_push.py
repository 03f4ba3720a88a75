"""Pushing to real registries through the service."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest

from strata.oci.v1 import oci_pb2
from strata.registry.v1 import registry_pb2 as pb
from strata_chassis.errors import DataLoss, FailedPrecondition, InvalidArgument, Unauthenticated
from tests.fixtures.docker_registry import PASSWORD, USERNAME, LocalRegistry
from tests.fixtures.registry_service import RegistryProcess, read_blob
from tests.integration.registry.conftest import Protected

if TYPE_CHECKING:
    from strata.registry.v1.registry_pb2_grpc import RegistryServiceAsyncStub  # known to type checkers only

RIGHT = oci_pb2.Credentials(username=USERNAME, password=PASSWORD)
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
SIGNATURE_TYPE = "application/vnd.example.signature"
CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"


async def push_blob(
    stub: RegistryServiceAsyncStub,
    repository: str,
    data: bytes,
    *,
    digest: str = "",
    size: int = 0,
    mount_from: str = "",
    credentials: oci_pb2.Credentials | None = None,
) -> pb.PushBlobResponse:
    """Push in messages of 100 kB."""
    header = pb.PushBlobRequest.Header(
        repository=repository,
        digest=digest or digest_of(data),
        size_bytes=size,
        mount_from=mount_from,
        credentials=credentials,
    )

    async def messages() -> AsyncIterator[pb.PushBlobRequest]:
        yield pb.PushBlobRequest(header=header)
        for start in range(0, len(data), 100_000):
            yield pb.PushBlobRequest(data=data[start : start + 100_000])

    return await stub.PushBlob(messages())


def digest_of(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


@pytest.mark.parametrize("is_size_known", [True, False])
async def test_what_was_pushed_can_be_pulled(
    service: RegistryProcess, protected: Protected, *, is_size_known: bool
) -> None:
    repository = f"{protected.registry.address}/pushed"
    config = json.dumps({"nonce": secrets.token_hex(8)}).encode()
    layer = secrets.token_bytes(1_000_000)
    async with service.stub() as stub:
        for data in (config, layer):
            size = len(data) if is_size_known else 0
            answer = await push_blob(stub, repository, data, size=size, credentials=RIGHT)
            assert (answer.existed, answer.target.size_bytes) == (False, len(data))
        manifest = manifest_of(config, layer)
        request = pb.PushManifestRequest(
            repository=repository, reference="v1", media_type=MANIFEST_TYPE, content=manifest, credentials=RIGHT
        )
        pushed = await stub.PushManifest(request)
        resolved = await stub.Resolve(pb.ResolveRequest(reference=f"{repository}:v1", credentials=RIGHT))
        fetch = pb.FetchBlobRequest(repository=repository, digest=digest_of(layer), credentials=RIGHT)
        fetched = b"".join([message.data async for message in stub.FetchBlob(fetch)])
    assert pushed.target.digest == resolved.target.digest == digest_of(manifest)
    assert fetched == layer


async def test_a_blob_that_is_there_is_not_sent_again(service: RegistryProcess, open_registry: LocalRegistry) -> None:
    data = secrets.token_bytes(300_000)
    repository = f"{open_registry.address}/pushed"
    async with service.stub() as stub:
        first = await push_blob(stub, repository, data)
        second = await push_blob(stub, repository, data)
    assert (first.existed, second.existed) == (False, True)


async def test_a_blob_of_another_repository_is_mounted(service: RegistryProcess, open_registry: LocalRegistry) -> None:
    data = secrets.token_bytes(300_000)
    source, target = f"{open_registry.address}/source", f"{open_registry.address}/target"
    async with service.stub() as stub:
        await push_blob(stub, source, data)
        mounted = await push_blob(stub, target, data, mount_from=source)
        assert mounted.existed
        assert await read_blob(stub, target, digest_of(data)) == data


async def test_a_blob_that_is_not_what_its_digest_says_is_refused(
    service: RegistryProcess, open_registry: LocalRegistry
) -> None:
    async with service.stub() as stub:
        with pytest.raises(DataLoss, match="does not match its digest"):
            await push_blob(stub, f"{open_registry.address}/pushed", b"some", digest=digest_of(b"other"))


async def test_a_manifest_whose_blobs_are_missing_is_refused(
    service: RegistryProcess, open_registry: LocalRegistry
) -> None:
    manifest = manifest_of(b"never pushed", b"neither")
    async with service.stub() as stub:
        with pytest.raises(FailedPrecondition) as caught:
            await push_manifest(stub, f"{open_registry.address}/pushed", "broken", MANIFEST_TYPE, manifest)
    assert caught.value.reason == "MANIFEST_BLOB_UNKNOWN"


async def test_a_manifest_under_another_digest_is_refused(
    service: RegistryProcess, open_registry: LocalRegistry
) -> None:
    async with service.stub() as stub:
        with pytest.raises(InvalidArgument, match="does not have the digest"):
            await push_manifest(
                stub, f"{open_registry.address}/pushed", digest_of(b"other"), MANIFEST_TYPE, manifest_of(b"a", b"b")
            )


async def test_pushing_without_credentials_is_unauthenticated(service: RegistryProcess, protected: Protected) -> None:
    async with service.stub() as stub:
        with pytest.raises(Unauthenticated):
            await push_blob(stub, f"{protected.registry.address}/pushed", b"data")


async def test_referrers_are_listed_by_the_tag_where_the_registry_has_no_such_api(
    service: RegistryProcess, open_registry: LocalRegistry
) -> None:
    """docker-registry 2.8 is such a registry. Source: distribution-spec, "Referrers Tag Schema"."""
    subject = digest_of(secrets.token_bytes(8))
    repository = f"{open_registry.address}/signed"
    async with service.stub() as stub:
        signature = await push_signature(stub, repository, subject)
        found = await stub.ListReferrers(pb.ListReferrersRequest(repository=repository, digest=subject))
        others = await stub.ListReferrers(
            pb.ListReferrersRequest(repository=repository, digest=subject, artifact_type="application/other")
        )
    assert [(entry.digest, entry.artifact_type) for entry in found.referrers] == [(signature, SIGNATURE_TYPE)]
    assert list(others.referrers) == []


async def push_signature(stub: RegistryServiceAsyncStub, repository: str, subject: str) -> str:
    """Push a manifest and, as clients do for old registries, a tag that lists it; the manifest's digest."""
    config, layer = b"{}", b"signature"
    for data in (config, layer):
        await push_blob(stub, repository, data)
    manifest = manifest_of(config, layer)
    digest = digest_of(manifest)
    await push_manifest(stub, repository, digest, MANIFEST_TYPE, manifest)
    entry = {"mediaType": MANIFEST_TYPE, "digest": digest, "size": len(manifest), "artifactType": SIGNATURE_TYPE}
    index = json.dumps({"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": [entry]}).encode()
    await push_manifest(stub, repository, subject.replace(":", "-"), INDEX_TYPE, index)
    return digest


async def push_manifest(
    stub: RegistryServiceAsyncStub, repository: str, reference: str, media_type: str, content: bytes
) -> pb.PushManifestResponse:
    request = pb.PushManifestRequest(repository=repository, reference=reference, media_type=media_type, content=content)
    return await stub.PushManifest(request)


def manifest_of(config: bytes, layer: bytes) -> bytes:
    """A manifest that names two blobs."""
    parts = [
        {"mediaType": kind, "digest": digest_of(data), "size": len(data)}
        for kind, data in ((CONFIG_TYPE, config), ("application/vnd.oci.image.layer.v1.tar", layer))
    ]
    document = {"schemaVersion": 2, "mediaType": MANIFEST_TYPE, "config": parts[0], "layers": parts[1:]}
    return json.dumps(document).encode()
