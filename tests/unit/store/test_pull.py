"""EnsureImage against a registry service that breaks, lies and is asked twice."""

from __future__ import annotations

import asyncio
import gzip
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import zstandard

from strata_chassis.channel import connect
from strata_chassis.errors import (
    Conflict,
    DataLoss,
    InvalidArgument,
    NotFound,
    ResourceExhausted,
    Unavailable,
    Unimplemented,
)
from strata_chassis.metrics import Metrics
from strata_oci import media_types
from strata_oci.digest import Digest
from strata_store.adapters.figures import Counts
from strata_store.adapters.records.images import ImageRecord
from strata_store.adapters.registry import RegistryClient, Source
from strata_store.engine.pull import LayerProgress, LayerState, Puller, Wanted
from tests.unit.store.node import Node, open_node
from tests.unit.store.registry_double import RegistryDouble, serving
from tests.unit.store.test_sharing_between_layers import blob, tar_of

LARGE = tar_of({"large": os.urandom(400_000)})
SMALL = tar_of({"small": blob(5, 30_000)})


def packed(tar: bytes) -> tuple[bytes, bytes]:
    return gzip.compress(tar, 1), tar


@dataclass
class Site:
    """A store, a registry that can be told how to misbehave, and the way between."""

    node: Node
    registry: RegistryDouble
    puller: Puller
    progress: list[LayerProgress] = field(default_factory=list)
    downloading: asyncio.Event = field(default_factory=asyncio.Event)

    async def pull(self, manifest: str, name: str = "docker.io/library/test:latest") -> ImageRecord:
        wanted = Wanted(Digest.parse(manifest), Source("docker.io/library/test"), (name,))
        return await self.puller.ensure(wanted, self._report)

    def _report(self, progress: LayerProgress) -> None:
        self.progress.append(progress)
        if progress.state is LayerState.DOWNLOADING:
            self.downloading.set()

    async def assert_nothing_is_left(self) -> None:
        assert self.node.disk_bytes() == 0
        assert not await self.node.leases.page("", "", 10)
        assert (await self.node.stores.images.page("", 10, ""))[0] == []


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with open_site() as made:
        yield made


@asynccontextmanager
async def open_site() -> AsyncIterator[Site]:
    registry = RegistryDouble()
    with tempfile.TemporaryDirectory(prefix="store-site-") as folder:
        async with (
            open_node(Path(folder, "store")) as node,
            serving(registry, Path(folder, "registry.sock")) as address,
            connect(address) as channel,
        ):
            counts = Counts(Metrics("store"))
            client = RegistryClient(channel)
            yield Site(node, registry, Puller(node.stores, client, node.collector, counts, parallel_layers=3))


async def test_a_pulled_image_has_its_layers_names_and_documents(site: Site) -> None:
    manifest = site.registry.add_image([packed(LARGE), packed(SMALL)])
    image = await site.pull(manifest)
    assert image.digest == manifest
    assert image.names == ("docker.io/library/test:latest",)
    assert image.logical_bytes == len(LARGE) + len(SMALL)
    assert (await site.node.stores.images.content(manifest))[1] == site.registry.manifests[manifest][1]
    assert {state.state for state in site.progress} >= {LayerState.WAITING, LayerState.COMPLETE}
    assert not await site.node.leases.page("", "", 10)


@pytest.mark.parametrize(
    "compress",
    [
        gzip.compress,
        lambda tar: b"".join(gzip.compress(tar[i : i + 100_000]) for i in range(0, len(tar), 100_000)),
        zstandard.ZstdCompressor().compress,
        lambda tar: b"".join(
            zstandard.ZstdCompressor().compress(tar[i : i + 99_000]) for i in range(0, len(tar), 99_000)
        ),
        bytes,
    ],
    ids=["gzip", "gzip of many members", "zstd", "zstd of many frames", "plain"],
)
async def test_layers_of_all_compressions_are_taken_in(site: Site, compress) -> None:  # type: ignore[no-untyped-def]
    image = await site.pull(site.registry.add_image([(compress(LARGE), LARGE)]))
    record = (await site.node.stores.layers.details(Digest.of(LARGE))).record
    assert await site.node.exported(record) == image.diff_ids[0]


async def test_a_stream_that_breaks_is_taken_up_where_it_broke(site: Site) -> None:
    manifest = site.registry.add_image([packed(LARGE)])
    site.registry.breaks_after = [100_000, 0, 150_000]
    await site.pull(manifest)
    offsets = [offset for digest, offset in site.registry.asked if len(site.registry.blobs[digest]) > 100_000]
    assert offsets[0] == 0
    assert offsets == sorted(offsets)
    assert len(offsets) == 4
    assert offsets[1] >= 100_000


async def test_two_pulls_of_one_image_fetch_each_layer_once(site: Site) -> None:
    manifest = site.registry.add_image([packed(LARGE), packed(SMALL)])
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(site.pull(manifest, "docker.io/library/one:latest"))
        tasks.create_task(site.pull(manifest, "docker.io/library/two:latest"))
    large = max(site.registry.blobs, key=lambda digest: len(site.registry.blobs[digest]))
    assert [digest for digest, _ in site.registry.asked].count(large) == 1


async def test_the_waiting_pull_takes_over_when_the_first_is_cancelled(site: Site) -> None:
    manifest = site.registry.add_image([packed(LARGE)])
    first = asyncio.get_running_loop().create_task(site.pull(manifest))
    await site.downloading.wait()
    second = asyncio.get_running_loop().create_task(site.pull(manifest))
    await asyncio.sleep(0)
    first.cancel()
    assert (await second).digest == manifest
    assert first.cancelled() or first.done()


async def test_an_image_that_is_there_is_not_fetched_again(site: Site) -> None:
    manifest = site.registry.add_image([packed(SMALL)])
    await site.pull(manifest)
    asked = len(site.registry.asked)
    image = await site.pull(manifest, "docker.io/library/test:other")
    assert len(site.registry.asked) == asked
    assert len(image.names) == 2


async def test_a_blob_with_another_digest_is_refused(site: Site) -> None:
    manifest = site.registry.add_image([packed(LARGE), packed(SMALL)])
    large = max(site.registry.blobs, key=lambda digest: len(site.registry.blobs[digest]))
    broken = bytearray(site.registry.blobs[large])
    broken[9] ^= 1  # the operating system in the header of gzip: nothing else notices
    site.registry.blobs[large] = bytes(broken)
    with pytest.raises(DataLoss, match="blob of a layer has digest") as caught:
        await site.pull(manifest)
    assert caught.value.reason == "DIGEST_MISMATCH"
    await site.assert_nothing_is_left()


async def test_a_truncated_blob_is_refused(site: Site) -> None:
    manifest = site.registry.add_image([packed(LARGE)])
    large = max(site.registry.blobs, key=lambda digest: len(site.registry.blobs[digest]))
    site.registry.blobs[large] = site.registry.blobs[large][:200_000]
    with pytest.raises(DataLoss, match="200000 bytes"):
        await site.pull(manifest)
    await site.assert_nothing_is_left()


async def test_an_endless_blob_is_given_up_at_its_stated_length(site: Site) -> None:
    manifest = site.registry.add_image([(LARGE, LARGE)])
    large = max(site.registry.blobs, key=lambda digest: len(site.registry.blobs[digest]))
    site.registry.blobs[large] = LARGE + bytes(50_000_000)
    with pytest.raises(DataLoss):
        await site.pull(manifest)
    await site.assert_nothing_is_left()


async def test_a_tar_that_is_not_the_one_of_the_config_is_refused(site: Site) -> None:
    wrong = {"rootfs": {"type": "layers", "diff_ids": [str(Digest.of(b"another"))]}}
    with pytest.raises(DataLoss, match="tar of a layer has digest"):
        await site.pull(site.registry.add_image([packed(LARGE)], **wrong))
    await site.assert_nothing_is_left()


async def test_what_is_no_tar_is_refused(site: Site) -> None:
    junk = os.urandom(5000)
    with pytest.raises(InvalidArgument) as caught:
        await site.pull(site.registry.add_image([packed(junk)]))
    assert caught.value.reason == "LAYER_INVALID"
    await site.assert_nothing_is_left()


async def test_a_layer_that_ends_inside_its_compression_is_refused(site: Site) -> None:
    half = gzip.compress(LARGE, 1)[:100_000]
    with pytest.raises(InvalidArgument, match="ends too early"):
        await site.pull(site.registry.add_image([(half, LARGE)]))
    await site.assert_nothing_is_left()


async def test_an_index_in_place_of_a_manifest_is_refused(site: Site) -> None:
    manifest = site.registry.add_manifest({"manifests": []}, media_types.OCI_INDEX)
    with pytest.raises(InvalidArgument) as caught:
        await site.pull(manifest)
    assert caught.value.reason == "MANIFEST_INVALID"
    await site.assert_nothing_is_left()


async def test_a_config_with_another_number_of_layers_is_refused(site: Site) -> None:
    with pytest.raises(InvalidArgument, match="1 layers and the config 0"):
        await site.pull(site.registry.add_image([packed(SMALL)], rootfs={"type": "layers", "diff_ids": []}))
    await site.assert_nothing_is_left()


async def test_layers_of_an_unknown_type_are_refused(site: Site) -> None:
    manifest = site.registry.add_image([packed(SMALL)])
    raw = site.registry.manifests[manifest][1].replace(b"layer.v1.tar+gzip", b"layer.v1.squashfs")
    changed = str(Digest.of(raw))
    site.registry.manifests[changed] = (media_types.OCI_MANIFEST, raw)
    with pytest.raises(Unimplemented) as caught:
        await site.pull(changed)
    assert caught.value.reason == "MEDIA_TYPE_UNSUPPORTED"
    await site.assert_nothing_is_left()


async def test_a_decompression_bomb_stops_at_the_limit(site: Site) -> None:
    object.__setattr__(site.node.stores.layers, "_limits", type(site.node.stores.layers._limits)(tar_bytes=1 << 20))
    bomb = tar_of({"zeros": bytes(30 << 20)})
    with pytest.raises(ResourceExhausted) as caught:
        await site.pull(site.registry.add_image([packed(bomb)]))
    assert caught.value.reason == "LAYER_TOO_LARGE"
    await site.assert_nothing_is_left()


@pytest.mark.usefixtures("kernel")
async def test_a_full_disk_is_said_and_nothing_is_left() -> None:
    from tests.fixtures.disk import small_disk

    # A short path, since sockets lie below it: a socket's path has 107 bytes at most.
    with tempfile.TemporaryDirectory(prefix="disk-") as folder, small_disk(Path(folder) / "disk", size_mib=8) as disk:
        os.environ["TMPDIR"], before = str(disk), os.environ.get("TMPDIR")
        tempfile.tempdir = None
        try:
            async with open_site() as site:
                tar = tar_of({"huge": os.urandom(12 << 20)})
                with pytest.raises(OSError, match="No space left"):
                    await site.pull(site.registry.add_image([packed(tar)]))
                await site.assert_nothing_is_left()
        finally:
            tempfile.tempdir = None
            os.environ.pop("TMPDIR")
            if before is not None:
                os.environ["TMPDIR"] = before


async def test_an_image_without_layers_is_an_empty_root(site: Site) -> None:
    image = await site.pull(site.registry.add_image([]))
    mount = await site.node.stores.images.mount(image.digest, "")
    assert (mount.layers, mount.data) == ((), ())
    assert mount.meta.index.exists()


async def test_an_image_with_the_same_layer_twice_mounts_it_once(site: Site) -> None:
    image = await site.pull(site.registry.add_image([packed(SMALL), packed(LARGE), packed(SMALL)]))
    mount = await site.node.stores.images.mount(image.digest, "")
    assert len(image.diff_ids) == 3
    assert [files.key.split(".")[0] for files in mount.layers] == [Digest.of(LARGE).hex, Digest.of(SMALL).hex]


@pytest.mark.parametrize("created", ["9999-12-31T23:59:59Z", "yesterday", "0001-01-01T00:00:00Z", ""])
async def test_any_date_of_creation_is_taken(site: Site, created: str) -> None:
    await site.pull(site.registry.add_image([packed(SMALL)], created=created))


async def test_a_pull_that_gets_nowhere_leaves_no_lease(site: Site) -> None:
    manifest = site.registry.add_image([packed(LARGE)])
    site.registry.breaks_after = [0] * 20
    with pytest.raises(Unavailable):
        await site.pull(manifest)
    await site.assert_nothing_is_left()


async def test_an_image_forced_out_of_use_goes_with_its_last_lease(site: Site) -> None:
    image = await site.pull(site.registry.add_image([packed(SMALL)]))
    await site.node.stores.images.mount(image.digest, "container/1")
    with pytest.raises(Conflict, match="in use by container 1"):
        await site.node.stores.images.remove(image.digest, is_forced=False)
    await site.node.remove(image.digest, force=True)
    with pytest.raises(NotFound):
        await site.node.stores.images.find(image.digest)
    assert (await site.node.stores.images.mount(image.digest, "container/1")).meta.index.exists()
    assert await site.node.leases.delete("container/1")
    await site.node.collect()
    await site.assert_nothing_is_left()


async def test_a_pull_that_was_cut_off_keeps_its_layers_until_the_next_one_ends(site: Site) -> None:
    manifest = site.registry.add_image([packed(SMALL), packed(LARGE)])
    large = max(site.registry.blobs, key=lambda digest: len(site.registry.blobs[digest]))
    small_stored = asyncio.Event()

    def report(progress: LayerProgress) -> None:
        if progress.state is LayerState.COMPLETE:
            small_stored.set()

    site.registry.held = {large}
    wanted = Wanted(Digest.parse(manifest), Source("docker.io/library/test"), ("docker.io/library/test:latest",))
    cut_off = asyncio.get_running_loop().create_task(site.puller.ensure(wanted, report))
    await small_stored.wait()
    cut_off.cancel()
    with pytest.raises(asyncio.CancelledError):
        await cut_off
    await site.node.collect()
    assert len(await site.node.stores.layers.page("", 10)) == 1
    site.registry.held = set()
    site.registry.asked.clear()
    await site.pull(manifest)
    assert sum(len(site.registry.blobs[digest]) > 1000 for digest, _ in site.registry.asked) == 1
    assert not await site.node.leases.page("", "", 10)
