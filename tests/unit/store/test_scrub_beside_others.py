"""A scrub takes its time, and others go on: what they remove is no damage."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from strata_store.engine.repair import Repairer
from strata_store.engine.scrub import Clock, Finding, Scrubber, Step, Task
from tests.unit.store.node import Node, layers_and_stacks, open_node
from tests.unit.store.test_sharing_between_layers import BIG, KIB, SECOND, blob, tar_of

OTHER = tar_of({"other": blob(500, 200 * KIB)})
DONOR = tar_of({"own": blob(1000, 20_000 * KIB), **BIG})
RATE = 1 << 20


async def nothing() -> None:
    """Do nothing meanwhile."""


class Meanwhile:
    """A clock that only sleeping moves; in the first sleep, something else is done."""

    def __init__(self, work: Callable[[], Awaitable[object]] = nothing) -> None:
        self.slept_s = 0.0
        self._work = work

    def now_s(self) -> float:
        return self.slept_s

    async def sleep(self, seconds: float) -> None:
        work, self._work = self._work, nothing
        await work()
        self.slept_s += seconds


async def scrub(node: Node, clock: Meanwhile, rate: int = 0) -> list[Step]:
    repairer = Repairer(node.stores, None)
    scrubber = Scrubber(
        node.stores, repairer, node.collector, rate_bytes_per_s=RATE, clock=Clock(clock.now_s, clock.sleep)
    )
    return [step async for step in scrubber.scrub(Task(rate_bytes_per_s=rate))]


def findings(steps: list[Step]) -> list[Finding]:
    return [step.finding for step in steps if step.finding is not None]


async def assert_sound(node: Node) -> None:
    assert layers_and_stacks(await node.report()) == node.disk_bytes()
    assert not await node.leases.page("", "", 10)


@pytest.mark.parametrize("rate", [0, 3 << 20])
async def test_a_scrub_reads_no_faster_than_its_rate(tmp_path: Path, rate: int) -> None:
    async with open_node(tmp_path) as node:
        await node.add_image("one", [DONOR])
        clock = Meanwhile()
        steps = await scrub(node, clock, rate)
        assert steps[-1].verified_bytes > len(DONOR)
        assert clock.slept_s == pytest.approx(steps[-1].verified_bytes / (rate or RATE))


async def test_an_image_that_is_removed_before_its_turn_is_no_finding(tmp_path: Path) -> None:
    async with open_node(tmp_path) as node:
        await node.add_image("first", [OTHER])
        await node.add_image("second", [SECOND])
        assert findings(await scrub(node, Meanwhile(lambda: node.remove("second")))) == []
        await assert_sound(node)


async def test_a_donor_that_is_trimmed_before_its_turn_is_no_finding(tmp_path: Path) -> None:
    async with open_node(tmp_path) as node:
        await node.add_image("first", [OTHER])
        await node.add_image("donor", [DONOR])
        await node.add_image("borrower", [SECOND])
        assert findings(await scrub(node, Meanwhile(lambda: node.remove("donor")))) == []
        await assert_sound(node)


@pytest.mark.parametrize("removed", ["donor", "borrower"])
async def test_a_layer_that_is_removed_while_it_is_read_is_no_finding(tmp_path: Path, removed: str) -> None:
    async with open_node(tmp_path) as node:
        await node.add_image("donor", [DONOR])
        await node.add_image("borrower", [SECOND])
        before = node.disk_bytes()
        assert findings(await scrub(node, Meanwhile(lambda: node.remove(removed)))) == []
        assert node.disk_bytes() < before
        await assert_sound(node)


async def test_a_merged_index_of_an_image_that_goes_is_not_made_again(tmp_path: Path) -> None:
    async with open_node(tmp_path) as node:
        image = await node.add_image("one", [OTHER])
        assert findings(await scrub(node, Meanwhile(lambda: node.remove("one")))) == []
        assert not node.stores.root.image(image.stack).exists()
