"""A layer that reads files from a damaged one is damaged, too: nobody new gets to see it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from strata_chassis.errors import DataLoss, Unavailable
from strata_oci.digest import Digest
from strata_store.adapters.content_root import TAR
from strata_store.engine.repair import Repairer
from strata_store.engine.scrub import Finding, Outcome, Scrubber, Task
from tests.unit.store.node import Node, open_node
from tests.unit.store.test_scrub import FAST, directory_of, flip
from tests.unit.store.test_sharing_between_layers import BIG, KIB, SECOND, blob, tar_of

DONOR = tar_of({"own": blob(1000, 500 * KIB), **BIG})
IN_WHAT_IS_NOT_LENT = 10_000
DAMAGED = "UPDATE layers SET is_live = 0, is_damaged = 1 WHERE id = ?"


async def scrub_donor(node: Node, *, repair: bool = False) -> list[Finding]:
    """Verify the donor alone."""
    scrubber = Scrubber(node.stores, Repairer(node.stores, None), node.collector, rate_bytes_per_s=FAST)
    task = Task([Digest.of(DONOR)], is_repairing=repair)
    return [step.finding async for step in scrubber.scrub(task) if step.finding is not None]


async def add_both(node: Node) -> Path:
    """Store donor and borrower; returns the donor's directory."""
    await node.add_image("donor", [DONOR])
    await node.add_image("borrower", [SECOND])
    return await directory_of(node, DONOR)


async def mark_donor(node: Node, *statements: str) -> None:
    """Write to the records of the donor, by its id."""
    layer = (await node.stores.layers.details(Digest.of(DONOR))).record.id
    for sql in statements:
        await node.stores.database.write(lambda connection: connection.execute(sql, (layer,)).rowcount)  # noqa: B023


async def assert_whole(node: Node, name: str, tar: bytes) -> None:
    await node.stores.images.mount(name, "")
    assert await node.exported((await node.stores.layers.details(Digest.of(tar))).record) == str(Digest.of(tar))


async def test_a_borrower_of_a_damaged_donor_is_not_mounted_any_more(tmp_path: Path) -> None:
    async with open_node(tmp_path) as node:
        flip(await add_both(node) / TAR, 900_000)
        assert [finding.digest for finding in await scrub_donor(node)] == [str(Digest.of(t)) for t in (DONOR, SECOND)]
        with pytest.raises(DataLoss, match="pull the image again"):
            await node.stores.images.mount("borrower", "")


async def test_a_borrower_is_whole_after_it_is_stored_again(tmp_path: Path) -> None:
    async with open_node(tmp_path) as node:
        flip(await add_both(node) / TAR, 900_000)
        await scrub_donor(node)
        image = await node.stores.images.find("borrower")
        assert await node.stores.images.name_existing(Digest.parse(image.digest), [], [], "") is None
        await node.add_image("borrower", [SECOND])
        await assert_whole(node, "borrower", SECOND)


async def test_a_borrower_that_reads_nothing_wrong_is_repaired_of_its_own_tar(tmp_path: Path) -> None:
    async with open_node(tmp_path) as node:
        flip(await add_both(node) / TAR, IN_WHAT_IS_NOT_LENT)
        outcomes = [finding.outcome for finding in await scrub_donor(node, repair=True)]
        assert outcomes == [Outcome.QUARANTINED, Outcome.REPAIRED]
        await assert_whole(node, "borrower", SECOND)


async def test_a_borrower_whose_donor_is_not_on_the_disk_is_not_mounted_until_it_is_stored_again(
    tmp_path: Path,
) -> None:
    async with open_node(tmp_path) as node:
        directory = await add_both(node)
        await node.remove("donor")
    shutil.rmtree(directory)
    async with open_node(tmp_path) as node:
        with pytest.raises(DataLoss, match="pull the image again"):
            await node.stores.images.mount("borrower", "")
        await node.add_image("borrower", [SECOND])
        await assert_whole(node, "borrower", SECOND)


async def test_a_store_whose_borrower_is_not_on_the_disk_starts(tmp_path: Path) -> None:
    async with open_node(tmp_path) as node:
        await add_both(node)
        directory = await directory_of(node, SECOND)
        await node.stores.images.remove("donor", is_forced=False)
    shutil.rmtree(directory)
    async with open_node(tmp_path) as node:
        await node.collect()
        with pytest.raises(DataLoss):
            await node.stores.images.mount("borrower", "")


async def test_a_store_in_which_only_the_donor_is_marked_is_put_right_at_start(tmp_path: Path) -> None:
    async with open_node(tmp_path) as node:
        await add_both(node)
        await mark_donor(node, DAMAGED, "DELETE FROM objects WHERE layer = ?")
        with pytest.raises(DataLoss):  # as a store has it whose records are of a release that did not look
            await node.stores.images.mount("borrower", "")
    async with open_node(tmp_path) as node:
        await node.add_image("borrower", [SECOND])
        await assert_whole(node, "borrower", SECOND)


async def test_a_layer_whose_donor_is_found_damaged_before_its_commit_has_to_come_again(tmp_path: Path) -> None:
    async with open_node(tmp_path) as node:
        await node.add_image("donor", [DONOR])
        await mark_donor(node, DAMAGED)  # what it lends is not yet taken back, as for a commit that has just looked
        before = node.disk_bytes()
        with pytest.raises(Unavailable):
            await node.add_layer(SECOND)
        assert node.disk_bytes() == before
