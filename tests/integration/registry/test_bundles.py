"""Pinned images, and images carried to hosts without a network."""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from strata.registry.v1 import registry_pb2 as pb
from strata_chassis.errors import DataLoss, InvalidArgument, NotFound
from tests.fixtures.docker_registry import LocalRegistry, docker_registry
from tests.fixtures.images.catalogue import build_tiny
from tests.fixtures.registry_service import RegistryProcess, read_blob, registry_service

if TYPE_CHECKING:
    from strata.registry.v1.registry_pb2_grpc import RegistryServiceAsyncStub  # known to type checkers only

MULTI = build_tiny().names()["tiny:multi"].digest


@pytest.fixture
def upstream(tmp_path: Path) -> Iterator[LocalRegistry]:
    with docker_registry(tmp_path / "upstream") as running:
        running.pusher().push_all(build_tiny(), ["tiny:one", "tiny:two", "tiny:multi"])
        yield running


@pytest.fixture
def service(tmp_path: Path) -> Iterator[RegistryProcess]:
    with registry_service(tmp_path / "s") as running:
        yield running


@pytest.fixture
async def stub(service: RegistryProcess) -> AsyncIterator[RegistryServiceAsyncStub]:
    async with service.stub() as connected:
        yield connected


async def export(stub: RegistryServiceAsyncStub, *references: str) -> bytes:
    call = stub.ExportImages(pb.ExportImagesRequest(references=references))
    return b"".join([message.data async for message in call])


async def take_in(stub: RegistryServiceAsyncStub, bundle: bytes) -> pb.ImportImagesResponse:
    async def messages() -> AsyncIterator[pb.ImportImagesRequest]:
        for start in range(0, len(bundle), 300_000):
            yield pb.ImportImagesRequest(data=bundle[start : start + 300_000])

    return await stub.ImportImages(messages())


async def test_a_pinned_image_is_never_evicted(stub: RegistryServiceAsyncStub, upstream: LocalRegistry) -> None:
    reference = upstream.reference("tiny:one")
    pinned = await stub.PinImage(pb.PinImageRequest(reference=reference))
    await stub.PruneCache(pb.PruneCacheRequest(keep_bytes=0))
    assert await export(stub, reference)
    assert [pin.digest for pin in (await stub.ListPins(pb.ListPinsRequest())).pins] == [pinned.pin.digest]
    await stub.UnpinImage(pb.UnpinImageRequest(reference=reference))
    await stub.PruneCache(pb.PruneCacheRequest(keep_bytes=0))
    assert (await stub.GetCacheUsage(pb.GetCacheUsageRequest())).blobs == 0
    with pytest.raises(NotFound, match="is not pinned"):
        await stub.UnpinImage(pb.UnpinImageRequest(reference=reference))


@pytest.mark.parametrize(("all_platforms", "manifests"), [(False, 1), (True, 3)])
async def test_an_index_is_pinned_for_the_host_or_for_all(
    stub: RegistryServiceAsyncStub, upstream: LocalRegistry, *, all_platforms: bool, manifests: int
) -> None:
    reference = upstream.reference("tiny:multi")
    await stub.PinImage(pb.PinImageRequest(reference=reference, all_platforms=all_platforms))
    with tarfile.open(fileobj=io.BytesIO(await export(stub, reference))) as tar:
        names = tar.getnames()
    entries = build_tiny().read_json(MULTI)["manifests"]
    held = [entry for entry in entries if f"blobs/{entry['digest'].replace(':', '/')}" in names]
    assert len(entries) == 3
    assert len(held) == manifests


async def test_a_bundle_feeds_a_host_without_a_network(
    tmp_path: Path, stub: RegistryServiceAsyncStub, upstream: LocalRegistry
) -> None:
    references = [upstream.reference(name) for name in ("tiny:one", "tiny:two")]
    for reference in references:
        await stub.PinImage(pb.PinImageRequest(reference=reference))
    bundle = await export(stub, *references)
    upstream.process.kill()
    with registry_service(tmp_path / "island", "--offline", "true") as island:
        async with island.stub() as there:
            imported = await take_in(there, bundle)
            assert list(imported.references) == references
            for name in ("tiny:one", "tiny:two"):
                answer = await there.Resolve(pb.ResolveRequest(reference=upstream.reference(name)))
                assert answer.target.digest == build_tiny().names()[name].digest
                for part in build_tiny().read_json(answer.manifest.digest)["layers"]:
                    content = await read_blob(there, answer.repository, part["digest"])
                    assert content == build_tiny().path(part["digest"]).read_bytes()


async def test_a_bundle_is_a_layout_that_others_read(
    tmp_path: Path, stub: RegistryServiceAsyncStub, upstream: LocalRegistry
) -> None:
    if shutil.which("skopeo") is None:
        pytest.skip("skopeo is not installed")
    reference = upstream.reference("tiny:one")
    await stub.PinImage(pb.PinImageRequest(reference=reference))
    (tmp_path / "bundle.tar").write_bytes(await export(stub, reference))
    copied = subprocess.run(  # noqa: ASYNC221 - nothing else is to run
        ["skopeo", "inspect", "--raw", f"oci-archive:{tmp_path}/bundle.tar:{reference}"],
        check=True,
        capture_output=True,
    )
    assert copied.stdout == build_tiny().path(build_tiny().names()["tiny:one"].digest).read_bytes()


async def test_layouts_of_others_are_taken_in(tmp_path: Path, stub: RegistryServiceAsyncStub) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        tar.add(build_tiny().root / "index.json", "./index.json")
        for path in sorted(build_tiny().blobs.iterdir()):
            tar.add(path, f"./blobs/sha256/{path.name}")
    imported = await take_in(stub, buffer.getvalue())
    assert "docker.io/library/tiny:one" in imported.references


async def test_an_image_that_is_not_whole_is_not_exported(
    stub: RegistryServiceAsyncStub, upstream: LocalRegistry
) -> None:
    await stub.Resolve(pb.ResolveRequest(reference=upstream.reference("tiny:one")))
    with pytest.raises(NotFound, match="pin the image first"):
        await export(stub, upstream.reference("tiny:one"))
    with pytest.raises(NotFound, match="is not in the cache"):
        await export(stub, upstream.reference("tiny:two"))


def tar_with(name: str, content: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


@pytest.mark.parametrize(
    "bundle",
    [b"", b"x" * 512, b"short", tar_with("index.json", b"nonsense"), tar_with("blobs/x", b"1" * 600)[:700]],
    ids=["nothing", "noise", "short", "no index", "cut"],
)
async def test_what_is_no_bundle_is_refused(stub: RegistryServiceAsyncStub, bundle: bytes) -> None:
    with pytest.raises(InvalidArgument, match="bundle"):
        await take_in(stub, bundle)


async def test_a_bundle_with_wrong_bytes_leaves_nothing(
    service: RegistryProcess, stub: RegistryServiceAsyncStub
) -> None:
    with pytest.raises(DataLoss):
        await take_in(stub, tar_with("blobs/sha256/" + "0" * 64, b"wrong"))
    assert [path for path in service.cache.glob("**/*") if path.is_file() and "index" not in path.name] == []


@pytest.mark.parametrize("name", ["../../escape", "/etc/passwd", "blobs/sha256/../../x", "blobs/md5/00"])
async def test_foreign_names_in_a_bundle_become_no_files(
    service: RegistryProcess, stub: RegistryServiceAsyncStub, name: str
) -> None:
    imported = await take_in(stub, tar_with(name, b"data"))
    assert imported.blobs == 0
    assert [path for path in service.cache.glob("**/*") if path.is_file() and "index" not in path.name] == []
