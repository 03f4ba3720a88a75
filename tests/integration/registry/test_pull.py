"""Pulling from real registries through the service."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from strata.oci.v1 import oci_pb2
from strata.registry.v1 import registry_pb2 as pb
from strata_chassis.errors import InvalidArgument, NotFound, OutOfRange, Unavailable
from tests.fixtures.docker_registry import LocalRegistry
from tests.fixtures.images.catalogue import build_tiny
from tests.fixtures.registry_service import RegistryProcess, read_blob


async def test_a_tag_resolves_to_the_digest_that_was_pushed(
    service: RegistryProcess, open_registry: LocalRegistry
) -> None:
    async with service.stub() as stub:
        answer = await stub.Resolve(pb.ResolveRequest(reference=open_registry.reference("tiny:one")))
    assert answer.target.digest == build_tiny().names()["tiny:one"].digest
    assert answer.manifest == answer.target
    assert answer.repository == f"{open_registry.address}/tiny"
    assert not answer.stale


async def test_an_index_resolves_to_the_manifest_of_the_wanted_platform(
    service: RegistryProcess, open_registry: LocalRegistry
) -> None:
    index = build_tiny().read_json(build_tiny().names()["tiny:multi"].digest)
    wanted = next(entry for entry in index["manifests"] if entry["platform"]["architecture"] == "arm64")
    platform = oci_pb2.Platform(os="linux", architecture="arm64")
    async with service.stub() as stub:
        request = pb.ResolveRequest(reference=open_registry.reference("tiny:multi"), platform=platform)
        answer = await stub.Resolve(request)
    assert answer.target.digest == build_tiny().names()["tiny:multi"].digest
    assert answer.manifest.digest == wanted["digest"]


async def test_a_platform_that_the_index_lacks_is_not_found(
    service: RegistryProcess, open_registry: LocalRegistry
) -> None:
    platform = oci_pb2.Platform(os="linux", architecture="riscv64")
    async with service.stub() as stub:
        with pytest.raises(NotFound, match="no matching manifest for linux/riscv64") as caught:
            await stub.Resolve(pb.ResolveRequest(reference=open_registry.reference("tiny:multi"), platform=platform))
    assert caught.value.reason == "PLATFORM_UNKNOWN"


async def test_a_manifest_arrives_byte_for_byte(service: RegistryProcess, open_registry: LocalRegistry) -> None:
    blob = build_tiny().names()["tiny:two"]
    async with service.stub() as stub:
        answer = await stub.GetManifest(
            pb.GetManifestRequest(repository=f"{open_registry.address}/tiny", reference="two")
        )
    assert answer.content == build_tiny().path(blob.digest).read_bytes()
    assert answer.target.media_type == blob.media_type


async def test_a_blob_arrives_byte_for_byte_from_any_offset(
    service: RegistryProcess, open_registry: LocalRegistry
) -> None:
    digest = layer_of("tiny:one")
    content = build_tiny().path(digest).read_bytes()
    async with service.stub() as stub:
        repository = f"{open_registry.address}/tiny"
        assert await read_blob(stub, repository, digest) == content
        assert await read_blob(stub, repository, digest, 1000) == content[1000:]
        assert await read_blob(stub, repository, digest, len(content)) == b""


async def test_a_caller_on_this_host_reads_the_file_itself(
    fresh_service: RegistryProcess, open_registry: LocalRegistry
) -> None:
    digest = layer_of("tiny:one")
    request = pb.FetchBlobRequest(repository=f"{open_registry.address}/tiny", digest=digest, accept_local_path=True)
    for _ in ("cold", "warm"):
        async with fresh_service.stub() as stub:
            stream = aiter(stub.FetchBlob(request))
            messages = [await anext(stream)]
            with Path(messages[0].local_path).open("rb") as file:  # noqa: ASYNC230 - as another process would
                messages += [message async for message in stream]
                content = file.read()
        assert messages[-1].available_bytes == messages[0].size_bytes == len(content)
        assert f"sha256:{hashlib.sha256(content).hexdigest()}" == digest


async def test_an_offset_behind_the_end_is_out_of_range(service: RegistryProcess, open_registry: LocalRegistry) -> None:
    async with service.stub() as stub:
        with pytest.raises(OutOfRange):
            await read_blob(stub, f"{open_registry.address}/tiny", layer_of("tiny:one"), 1 << 40)


async def test_an_unknown_image_is_not_found_in_docker_s_words(
    service: RegistryProcess, open_registry: LocalRegistry
) -> None:
    async with service.stub() as stub:
        with pytest.raises(NotFound, match=r"^manifest for .*/tiny:nope not found: manifest unknown$") as caught:
            await stub.Resolve(pb.ResolveRequest(reference=open_registry.reference("tiny:nope")))
    assert caught.value.reason == "MANIFEST_UNKNOWN"
    assert caught.value.metadata["reference"].endswith("/tiny:nope")


async def test_an_unknown_blob_is_not_found(service: RegistryProcess, open_registry: LocalRegistry) -> None:
    async with service.stub() as stub:
        with pytest.raises(NotFound, match="not found") as caught:
            await read_blob(stub, f"{open_registry.address}/tiny", "sha256:" + "0" * 64)
    assert caught.value.reason == "BLOB_UNKNOWN"


@pytest.mark.parametrize("reference", ["", "a/UPPER", "a b", "localhost:5000/x@sha256:12", "../../etc/passwd"])
async def test_what_is_no_reference_is_refused(service: RegistryProcess, reference: str) -> None:
    async with service.stub() as stub:
        with pytest.raises(InvalidArgument, match="invalid reference format"):
            await stub.Resolve(pb.ResolveRequest(reference=reference))


async def test_a_registry_that_is_down_is_unavailable(service: RegistryProcess, unused_tcp_port: int) -> None:
    async with service.stub() as stub:
        with pytest.raises(Unavailable, match="cannot reach registry 127") as caught:
            await stub.Resolve(pb.ResolveRequest(reference=f"127.0.0.1:{unused_tcp_port}/tiny:one"))
    assert caught.value.reason == "REGISTRY_UNREACHABLE"


async def test_tags_come_in_pages(service: RegistryProcess, open_registry: LocalRegistry) -> None:
    repository = f"{open_registry.address}/tiny"
    async with service.stub() as stub:
        first = await stub.ListTags(pb.ListTagsRequest(repository=repository, page_size=2))
        rest = await stub.ListTags(
            pb.ListTagsRequest(repository=repository, page_size=2, page_token=first.next_page_token)
        )
    assert [*first.tags, *rest.tags] == ["multi", "one", "two"]
    assert rest.next_page_token == ""


def layer_of(name: str) -> str:
    """The digest of an image's first layer."""
    digest: str = build_tiny().read_json(build_tiny().names()[name].digest)["layers"][0]["digest"]
    return digest
