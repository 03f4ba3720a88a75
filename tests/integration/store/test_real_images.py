"""Real Debian images in one store: META and plain stack are equal file by file, and what is equal is stored once."""

from __future__ import annotations

import gzip
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from strata_oci.digest import Digest
from strata_store.adapters.records.images import ImageRecord
from strata_store.engine.image_store import ImageMount
from strata_store.engine.layer_store import LayerFiles
from tests.fixtures.images.catalogue import build_debian
from tests.fixtures.images.layout import Layout
from tests.fixtures.kernel import require_kernel
from tests.unit.store.kernel_trees import mounted_erofs, mounted_overlay, snapshot
from tests.unit.store.node import Node, open_node

NAMES = ["debian:bullseye", "debian:trixie", "python:bookworm", "python:bookworm-flat"]


@pytest.fixture(scope="module")
def layout() -> Layout:
    require_kernel()
    return build_debian(NAMES)


async def add(node: Node, layout: Layout, name: str) -> ImageRecord:
    manifest = layout.read_json(layout.names()[name].digest)
    for layer in manifest["layers"]:
        await node.add_layer(gzip.decompress(layout.path(layer["digest"]).read_bytes()), lease=f"making/{name}")
    config = layout.path(manifest["config"]["digest"]).read_bytes()
    image = await node.creator.create(config, b"", [name], "")
    await node.leases.delete(f"making/{name}")
    return image


@contextmanager
def both_ways(mount: ImageMount, work: Path) -> Iterator[tuple[Path, Path]]:
    """Mount an image by META and as a plain stack."""
    with ExitStack() as mounts:

        def erofs(files: LayerFiles) -> Path:
            return mounts.enter_context(mounted_erofs(files.index, files.devices, work / files.key))

        meta, data = erofs(mount.meta), {files.key: erofs(files) for files in mount.data}
        plain = [data[files.key] / "fs" for files in reversed(mount.layers)]
        shown = plain[0] if len(plain) == 1 else mounts.enter_context(mounted_overlay(plain, work / "plain"))
        yield shown, mounts.enter_context(mounted_overlay([meta], work / "hybrid", data=list(data.values())))


async def test_every_image_looks_the_same_both_ways_though_files_are_shared_between_them(layout: Layout) -> None:
    with tempfile.TemporaryDirectory(prefix="store-real-") as folder:
        async with open_node(Path(folder, "store")) as node:
            for name in NAMES:
                await add(node, layout, name)
            for name in NAMES:
                mount = await node.stores.images.mount(name, "")
                with both_ways(mount, Path(folder, "mounts", name.replace(":", "-"))) as (plain, hybrid):
                    expected, expected_groups = snapshot(plain)
                    found, groups = snapshot(hybrid)
                assert len(found) > 3000
                assert found == expected
                assert groups == expected_groups
            await assert_exact_tars(node)


async def assert_exact_tars(node: Node) -> None:
    for details in await node.stores.layers.page("", 100):
        assert await node.exported(details.record) == details.record.diff_id


async def test_the_same_packages_in_other_layers_take_little_more_space(layout: Layout) -> None:
    """One image has Debian and Python in two layers, the other both in one."""
    with tempfile.TemporaryDirectory(prefix="store-real-") as folder:
        async with open_node(Path(folder)) as node:
            await add(node, layout, "python:bookworm")
            alone = node.disk_bytes()
            flat = await add(node, layout, "python:bookworm-flat")
            both = node.disk_bytes()
            assert both - alone < 0.25 * flat.logical_bytes
            await node.remove("python:bookworm")
            record = (await node.stores.layers.details(Digest.parse(flat.diff_ids[0]))).record
            assert await node.exported(record) == flat.diff_ids[0]
            assert node.disk_bytes() < 1.15 * flat.logical_bytes
            print(f"one {alone}, both {both}, after removal {node.disk_bytes()}, logical {flat.logical_bytes}")
