"""Files that another layer has are not stored again, and nothing shows: not in exports, not in mounts."""

from __future__ import annotations

import asyncio
import io
import tarfile
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strata_oci.digest import Digest
from strata_store.adapters.content_root import TAR, stored_bytes
from strata_store.engine.image_store import ImageMount
from tests.unit.store.kernel_trees import mounted_erofs, mounted_overlay, snapshot
from tests.unit.store.node import Node, layers_and_stacks, open_node

KIB = 1024


def blob(seed: int, size: int) -> bytes:
    block = sha256(str(seed).encode()).digest()
    return (block * (size // len(block) + 1))[:size]


def tar_of(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


BIG = {f"lib/big{n}": blob(n, 300 * KIB) for n in range(10)}
FIRST = tar_of({"one": b"first", **BIG})
SECOND = tar_of({"two": blob(77, 9000), **{f"usr/{name}": data for name, data in BIG.items()}, "three": b"x" * 5000})


@contextmanager
def mounted(mount: ImageMount, work: Path) -> Iterator[Path]:
    """Mount an image the way the runtime does."""
    with ExitStack() as mounts:
        meta = mounts.enter_context(mounted_erofs(mount.meta.index, [], work / "meta"))
        data = [
            mounts.enter_context(mounted_erofs(files.index, files.devices, work / files.key)) for files in mount.data
        ]
        yield mounts.enter_context(mounted_overlay([meta], work / "image", data=data))


def contents(root: Path) -> dict[str, str]:
    found, _ = snapshot(root)
    return {name: facts.content for name, facts in found.items() if facts.content}


async def test_a_second_layer_with_the_same_files_takes_a_small_part_of_its_size(tmp_path: Path) -> None:
    async with open_node(tmp_path) as node:
        first, second = await node.add_layer(FIRST), await node.add_layer(SECOND)
    assert first.stored_bytes > len(FIRST)
    assert second.stored_bytes < len(SECOND) / 20
    assert second.borrowed_bytes == 10 * 300 * KIB


async def test_the_exact_tar_comes_out_of_a_layer_that_borrows(tmp_path: Path) -> None:
    async with open_node(tmp_path) as node:
        await node.add_layer(FIRST)
        second = await node.add_layer(SECOND)
        assert await node.exported(second) == str(Digest.of(SECOND))


async def test_copies_inside_one_layer_are_stored_once(tmp_path: Path) -> None:
    tar = tar_of({f"copy{n}": blob(1, 500 * KIB) for n in range(8)})
    async with open_node(tmp_path) as node:
        layer = await node.add_layer(tar)
        assert layer.stored_bytes < 600 * KIB
        assert await node.exported(layer) == str(Digest.of(tar))


@pytest.mark.usefixtures("kernel")
async def test_an_image_that_borrows_shows_its_files(tmp_path: Path) -> None:
    async with open_node(tmp_path / "store") as node:
        await node.add_image("first", [FIRST])
        await node.add_image("second", [SECOND])
        mount = await node.stores.images.mount("second", "")
        assert len(mount.data) == 2
        with mounted(mount, tmp_path / "mounts") as root:
            assert contents(root)["usr/lib/big3"] == sha256(BIG["lib/big3"]).hexdigest()
            assert contents(root)["three"] == sha256(b"x" * 5000).hexdigest()


@pytest.mark.usefixtures("kernel")
async def test_the_donor_can_be_removed_and_only_what_is_borrowed_stays(tmp_path: Path) -> None:
    own = tar_of({"own": blob(1000, 5000 * KIB), **BIG})
    async with open_node(tmp_path / "store") as node:
        await node.add_image("donor", [own])
        await node.add_image("borrower", [SECOND])
        before = node.disk_bytes()
        await node.remove("donor")
        assert before - node.disk_bytes() > 4900 * KIB
        record = (await node.stores.layers.details(Digest.of(SECOND))).record
        assert await node.exported(record) == str(Digest.of(SECOND))
        with mounted(await node.stores.images.mount("borrower", ""), tmp_path / "mounts") as root:
            assert contents(root)["usr/lib/big9"] == sha256(BIG["lib/big9"]).hexdigest()


async def test_a_removed_donor_that_is_pulled_again_is_whole_again(tmp_path: Path) -> None:
    async with open_node(tmp_path) as node:
        await node.add_image("donor", [FIRST])
        await node.add_image("borrower", [SECOND])
        await node.remove("donor")
        again = await node.add_image("donor", [FIRST])
        record = (await node.stores.layers.details(Digest.of(FIRST))).record
        assert await node.exported(record) == again.diff_ids[0]
        assert record.stored_bytes < len(FIRST) / 20


async def test_nothing_is_left_when_all_images_are_gone(tmp_path: Path) -> None:
    async with open_node(tmp_path) as node:
        await node.add_image("donor", [FIRST])
        await node.add_image("borrower", [SECOND])
        await node.remove("donor")
        await node.remove("borrower")
        assert node.disk_bytes() == 0
        assert not any(node.stores.root.layers.iterdir())


async def test_a_donor_is_not_trimmed_while_a_borrower_may_be_mounted(tmp_path: Path) -> None:
    async with open_node(tmp_path) as node:
        await node.add_image("donor", [FIRST])
        await node.add_image("borrower", [SECOND])
        keys = {files.key for files in (await node.stores.images.mount("borrower", "container/1")).data}
        await node.remove("donor")
        assert {files.key for files in (await node.stores.images.mount("borrower", "container/2")).data} == keys


FILES = st.dictionaries(
    st.sampled_from("abcdef"),
    st.tuples(st.integers(0, 4), st.sampled_from([100 * KIB, 200 * KIB, 64 * KIB, 300])),
    min_size=1,
    max_size=5,
)
LAYERS = st.lists(FILES, min_size=3, max_size=3)


STEPS = st.lists(
    st.tuples(st.sampled_from(["add", "tag", "untag", "remove"]), st.integers(0, 5)), min_size=3, max_size=12
)


@settings(max_examples=10)
@given(layers=LAYERS, steps=STEPS)
async def test_under_every_order_of_pulls_tags_and_removals_each_layer_gives_its_exact_tar(
    layers: list[dict[str, tuple[int, int]]], steps: list[tuple[str, int]]
) -> None:
    """And the account of bytes on disk is right after each of them."""
    tars = [tar_of({name: blob(seed, size) for name, (seed, size) in files.items()}) for files in layers]
    stacks = [[tars[0]], [tars[1]], [tars[2]], tars[:2], tars[1:], tars]
    with tempfile.TemporaryDirectory(prefix="store-orders-") as folder:
        async with open_node(Path(folder)) as node:
            names: dict[str, int] = {}
            for action, number in steps:
                await take_step(node, names, stacks, action, number)
                await assert_all_right(node, names, stacks)


async def take_step(node: Node, names: dict[str, int], stacks: list[list[bytes]], action: str, number: int) -> None:
    """Do what ``action`` says, if it can be done; ``names`` has the images that all names mean."""
    name, alias = f"image{number}", f"alias{number}"
    if action == "add":
        await node.add_image(name, stacks[number])
        names[name] = number
    elif action == "tag" and name in names:
        await node.stores.images.tag(name, alias)
        names[alias] = number
    elif action in {"remove", "untag"} and (taken := name if action == "remove" else alias) in names:
        await node.remove(taken)
        del names[taken]


async def assert_all_right(node: Node, names: dict[str, int], stacks: list[list[bytes]]) -> None:
    for tar in {tar for number in names.values() for tar in stacks[number]}:
        record = (await node.stores.layers.details(Digest.of(tar))).record
        assert await node.exported(record) == str(Digest.of(tar))
    report = await node.report()
    assert layers_and_stacks(report) == node.disk_bytes()
    assert report.reclaimable_bytes == 0
    assert len(report.images) == len(set(names.values()))
    unique = sum(image.unique_bytes for image in report.images)
    shared_once = sum(layer.shared_bytes for layer in report.layers) + await shared_beside_layers(node)
    assert unique + shared_once == node.disk_bytes()
    assert {TAR} <= {path.name for path in node.stores.root.layers.rglob("*")} or not names


async def shared_beside_layers(node: Node) -> int:
    """Bytes on disk of merged indexes that several images have, and of removed layers that several read from."""
    live = {node.stores.root.layer(x.record.directory) for x in await node.stores.layers.page("", 100)}
    images, _ = await node.stores.images.page("", 100, "")
    mounts = [await node.stores.images.mount(image.digest, "") for image in images]
    users = Counter(path for m in mounts for path in {m.meta.index, *(files.index.parent for files in m.data)} - live)
    return sum(stored_bytes(path) for path, count in users.items() if count > 1)


async def test_an_image_shares_of_a_layer_it_borrows_from_only_what_it_borrows(tmp_path: Path) -> None:
    donor = tar_of({"own": blob(1000, 5000 * KIB), **BIG})
    async with open_node(tmp_path) as node:
        await node.add_image("donor", [donor])
        await node.add_image("borrower", [SECOND])
        report = await node.report()
        usage = {image.names[0].split("/")[-1]: image for image in report.images}
        assert usage["borrower:latest"].shared_bytes == 10 * 300 * KIB
        assert usage["donor:latest"].shared_bytes == 10 * 300 * KIB
        unique = sum(image.unique_bytes for image in report.images)
        assert unique + 10 * 300 * KIB == layers_and_stacks(report) == node.disk_bytes()


async def test_what_removing_an_image_frees_is_what_was_its_own(tmp_path: Path) -> None:
    async with open_node(tmp_path) as node:
        await node.add_image("one", [FIRST, tar_of({"only": blob(3, 700 * KIB)})])
        await node.add_image("two", [FIRST])
        report = await node.report()
        expected = next(image for image in report.images if "docker.io/library/one:latest" in image.names)
        before = node.disk_bytes()
        await node.remove("one")
        assert before - node.disk_bytes() == expected.reclaimable_bytes


async def test_layers_that_arrive_together_share_as_well(tmp_path: Path) -> None:
    async with open_node(tmp_path) as node, asyncio.TaskGroup() as tasks:
        tasks.create_task(node.add_layer(FIRST))
        tasks.create_task(node.add_layer(SECOND))
    async with open_node(tmp_path) as node:
        assert node.disk_bytes() < 1.1 * len(FIRST)
