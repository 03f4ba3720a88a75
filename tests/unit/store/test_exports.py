"""A layer that is being given out is held: what others remove meanwhile does not show in the stream."""

from __future__ import annotations

from contextlib import aclosing
from hashlib import sha256
from pathlib import Path

import pytest

from strata_chassis.errors import NotFound
from strata_oci.digest import Digest
from strata_store.engine.export import LEASES, Exporter
from tests.unit.store.node import Node, open_node
from tests.unit.store.test_sharing_between_layers import BIG, KIB, SECOND, blob, tar_of

DONOR = tar_of({**BIG, "own": blob(1000, 9000 * KIB)})


async def export_while_removing(node: Node, name: str, tar: bytes) -> str:
    """Export a layer, and remove an image as soon as the stream has begun; the digest of what came."""
    hasher = sha256()
    async with aclosing(Exporter(node.stores, node.collector).export(Digest.of(tar), 0)) as pieces:
        hasher.update(await anext(pieces))
        await node.remove(name)
        async for piece in pieces:
            hasher.update(piece)
    return f"sha256:{hasher.hexdigest()}"


async def test_a_donor_removed_during_its_export_comes_out_whole_and_is_trimmed_after_it(tmp_path: Path) -> None:
    async with open_node(tmp_path) as node:
        await node.add_image("donor", [DONOR])
        await node.add_image("borrower", [SECOND])
        before = node.disk_bytes()
        assert await export_while_removing(node, "donor", DONOR) == str(Digest.of(DONOR))
        assert before - node.disk_bytes() > 8000 * KIB
        assert not await node.leases.page("", "", 10)


async def test_a_layer_removed_during_its_export_comes_out_whole_and_goes_after_it(tmp_path: Path) -> None:
    async with open_node(tmp_path) as node:
        await node.add_image("donor", [DONOR])
        assert await export_while_removing(node, "donor", DONOR) == str(Digest.of(DONOR))
        assert node.disk_bytes() == 0


async def test_a_donor_removed_while_its_borrower_is_exported_is_trimmed_after_it(tmp_path: Path) -> None:
    async with open_node(tmp_path) as node:
        await node.add_image("donor", [DONOR])
        await node.add_image("borrower", [SECOND])
        assert await export_while_removing(node, "donor", SECOND) == str(Digest.of(SECOND))
        assert not await node.leases.page("", "", 10)


async def test_an_export_that_is_left_early_holds_nothing(tmp_path: Path) -> None:
    async with open_node(tmp_path) as node:
        await node.add_image("one", [DONOR])
        pieces = Exporter(node.stores, node.collector).export(Digest.of(DONOR), 0)
        await anext(pieces)
        assert len(await node.leases.page("", LEASES, 10)) == 1
        await pieces.aclose()
        assert not await node.leases.page("", "", 10)


async def test_what_an_export_held_when_the_process_died_is_free_at_the_next_start(tmp_path: Path) -> None:
    async with open_node(tmp_path) as node:
        await node.add_layer(DONOR, lease=LEASES + "dead")
    async with open_node(tmp_path) as node:
        await node.collect()
        assert node.disk_bytes() == 0


async def test_an_unknown_layer_is_not_exported(tmp_path: Path) -> None:
    async with open_node(tmp_path) as node:
        with pytest.raises(NotFound):
            await anext(Exporter(node.stores, node.collector).export(Digest.of(b"none"), 0))
        assert not await node.leases.page("", "", 10)
