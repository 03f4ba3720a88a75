"""Flipped bits are found, what they hit is used no more, and comes back right."""

from __future__ import annotations

from pathlib import Path

import pytest

from strata_chassis.errors import DataLoss
from strata_oci.digest import Digest
from strata_store.adapters.content_root import INDEX, TAR
from strata_store.engine.repair import Repairer
from strata_store.engine.scrub import Finding, Outcome, Scrubber, Task
from tests.unit.store.node import Node, layers_and_stacks, open_node
from tests.unit.store.test_sharing_between_layers import FIRST, SECOND

FAST = 1 << 40


def flip(path: Path, offset: int) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ 1]))


async def scrub(node: Node, *, repair: bool = False) -> list[Finding]:
    scrubber = Scrubber(node.stores, Repairer(node.stores, None), node.collector, rate_bytes_per_s=FAST)
    steps = [step async for step in scrubber.scrub(Task(is_repairing=repair))]
    assert steps[-1].verified_bytes == steps[-1].total_bytes
    return [step.finding for step in steps if step.finding is not None]


async def directory_of(node: Node, tar: bytes) -> Path:
    record = (await node.stores.layers.details(Digest.of(tar))).record
    return node.stores.root.layer(record.directory)


async def test_a_store_without_damage_has_no_findings(tmp_path: Path) -> None:
    async with open_node(tmp_path) as node:
        await node.add_image("one", [FIRST])
        await node.add_image("two", [FIRST, SECOND])
        await node.remove("one")
        assert await scrub(node) == []


async def test_a_flipped_bit_in_a_tar_is_found_and_the_image_is_not_mounted_any_more(tmp_path: Path) -> None:
    async with open_node(tmp_path) as node:
        await node.add_image("one", [FIRST])
        flip(await directory_of(node, FIRST) / TAR, 100_000)
        (finding,) = await scrub(node)
        assert (finding.digest, finding.outcome) == (str(Digest.of(FIRST)), Outcome.QUARANTINED)
        with pytest.raises(DataLoss, match="pull the image again"):
            await node.stores.images.mount("one", "")


async def test_a_damaged_image_is_whole_after_it_is_stored_again(tmp_path: Path) -> None:
    async with open_node(tmp_path) as node:
        await node.add_image("one", [FIRST])
        flip(await directory_of(node, FIRST) / TAR, 100_000)
        await scrub(node)
        await node.add_image("one", [FIRST])
        mount = await node.stores.images.mount("one", "")
        assert (
            await node.exported((await node.stores.layers.details(Digest.of(FIRST))).record) == mount.image.diff_ids[0]
        )
        await node.collect()
        assert len(list(node.stores.root.layers.iterdir())) == 1


async def test_a_flipped_bit_in_an_index_is_repaired_from_the_layers_own_tar(tmp_path: Path) -> None:
    async with open_node(tmp_path) as node:
        await node.add_image("one", [FIRST])
        flip(await directory_of(node, FIRST) / INDEX, 5000)
        (finding,) = await scrub(node, repair=True)
        assert finding.outcome == Outcome.REPAIRED
        assert await scrub(node) == []
        assert len(list(node.stores.root.layers.iterdir())) == 1
        await node.stores.images.mount("one", "")


async def test_a_flipped_bit_in_a_merged_index_is_repaired(tmp_path: Path) -> None:
    async with open_node(tmp_path) as node:
        image = await node.add_image("one", [FIRST])
        flip(node.stores.root.image(image.stack), 4000)
        (finding,) = await scrub(node)
        assert finding.outcome == Outcome.REPAIRED
        assert await scrub(node) == []


async def test_a_flipped_bit_in_a_lent_file_is_found_in_the_donor_and_in_the_borrower(tmp_path: Path) -> None:
    async with open_node(tmp_path) as node:
        await node.add_image("donor", [FIRST])
        await node.add_image("borrower", [SECOND])
        flip(await directory_of(node, FIRST) / TAR, 400_000)
        found = {finding.digest for finding in await scrub(node)}
        assert found == {str(Digest.of(FIRST)), str(Digest.of(SECOND))}


async def test_a_flipped_bit_in_what_is_left_of_a_removed_donor_is_found(tmp_path: Path) -> None:
    async with open_node(tmp_path) as node:
        await node.add_image("donor", [FIRST])
        await node.add_image("borrower", [SECOND])
        directory = await directory_of(node, FIRST)
        await node.remove("donor")
        flip(directory / TAR, 400_000)
        found = [finding.digest for finding in await scrub(node)]
        assert found == [str(Digest.of(FIRST)), str(Digest.of(SECOND))]


async def test_a_damaged_database_is_put_aside_and_the_copy_of_the_last_scrub_is_used(tmp_path: Path) -> None:
    async with open_node(tmp_path) as node:
        await node.add_image("one", [FIRST])
        await scrub(node)
        await node.add_image("two", [SECOND])
    with (tmp_path / "store.db").open("r+b") as file:
        for page in range(1, file.seek(0, 2) // 4096):
            file.seek(page * 4096 + 8)
            file.write(b"\xff" * 1000)
    async with open_node(tmp_path) as node:
        (image,), _ = await node.stores.images.page("", 10, "")
        assert image.names == ("docker.io/library/one:latest",)
        assert await scrub(node) == []
        assert layers_and_stacks(await node.report()) == node.disk_bytes()


async def test_what_a_restored_copy_names_and_the_disk_has_not_is_pulled_again(tmp_path: Path) -> None:
    async with open_node(tmp_path) as node:
        await node.add_image("one", [FIRST])
        await scrub(node)
        await node.remove("one")
    (tmp_path / "store.db").write_bytes(b"nothing that SQLite knows" * 1000)
    async with open_node(tmp_path) as node:
        with pytest.raises(DataLoss, match="pull the image again"):
            await node.stores.images.mount("one", "")
        await node.add_image("one", [FIRST])
        await node.stores.images.mount("one", "")
        assert await scrub(node) == []


async def test_a_database_that_is_damaged_while_in_use_is_a_finding(tmp_path: Path) -> None:
    async with open_node(tmp_path) as node:
        await node.add_image("one", [FIRST])
    async with open_node(tmp_path) as node:
        with (tmp_path / "store.db").open("r+b") as file:
            file.seek(-4096, 2)
            file.write(b"\xff" * 64)
        findings = await scrub(node)
        assert any("database" in finding.detail for finding in findings)
