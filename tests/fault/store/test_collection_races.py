"""Collections race pulls, removals and mounts: what is leased or in flight is never touched.

``STRATA_RACE_SECONDS`` lets it run for longer than the few seconds of every day.
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from pathlib import Path

from strata_chassis.errors import NotFound
from strata_oci.digest import Digest
from tests.unit.store.node import Node, layers_and_stacks, open_node
from tests.unit.store.test_sharing_between_layers import KIB, blob, tar_of

SECONDS = float(os.environ.get("STRATA_RACE_SECONDS", "3"))
COMMON = {f"lib/{n}": blob(n, 80 * KIB) for n in range(3)}
TARS = [tar_of({f"own{n}": blob(100 + n, 20 * KIB), f"x{n % 3}": COMMON[f"lib/{n % 3}"], **COMMON}) for n in range(6)]
STACKS = [[0], [1], [0, 1], [2, 3], [3], [1, 4], [5, 0, 2], [4, 5]]


class Race:
    """Tasks that disturb each other on one store until the time is over."""

    def __init__(self, node: Node, seed: int) -> None:
        self.node = node
        self.random = random.Random(seed)  # noqa: S311 - chance, not secrets
        self.end = time.monotonic() + SECONDS
        self.pulled = self.mounted = self.collected = 0

    @property
    def goes_on(self) -> bool:
        return time.monotonic() < self.end

    async def pull(self) -> None:
        while self.goes_on:
            number = self.random.randrange(len(STACKS))
            await self.node.add_image(f"image{number}", [TARS[layer] for layer in STACKS[number]])
            self.pulled += 1

    async def remove(self) -> None:
        while self.goes_on:
            await asyncio.sleep(self.random.random() * 0.02)
            try:
                await self.node.remove(f"image{self.random.randrange(len(STACKS))}", force=True)
            except NotFound:
                continue

    async def collect(self) -> None:
        while self.goes_on:
            await asyncio.sleep(self.random.random() * 0.02)
            await self.node.collect(unused_images=self.random.random() < 0.3, dangling_images=True)
            self.collected += 1

    async def use(self, number: int) -> None:
        """Do what a container does: lease and mount, read everything at leisure, let go."""
        while self.goes_on:
            lease = f"container/{number}"
            try:
                mount = await self.node.stores.images.mount(f"image{self.random.randrange(len(STACKS))}", lease)
            except NotFound:
                await asyncio.sleep(0)
                continue
            for _ in range(3):
                await asyncio.sleep(self.random.random() * 0.01)
                assert all(path.exists() for files in mount.data for path in (files.index, *files.devices))
                for diff_id in mount.image.diff_ids:
                    record = (await self.node.stores.layers.details(Digest.parse(diff_id))).record
                    assert await self.node.exported(record) == diff_id
            self.mounted += 1
            await self.node.leases.delete(lease)


async def test_collections_never_break_what_is_leased_or_in_flight(tmp_path: Path) -> None:
    async with open_node(tmp_path) as node:
        race = Race(node, seed=int.from_bytes(os.urandom(4), "big"))
        async with asyncio.TaskGroup() as tasks:
            for work in (race.pull(), race.pull(), race.remove(), race.collect(), race.use(1), race.use(2)):
                tasks.create_task(work)
        assert min(race.pulled, race.mounted, race.collected) > 5, vars(race)
        await node.collect(unused_images=True)
        report = await node.report()
        assert layers_and_stacks(report) == node.disk_bytes()
        assert layers_and_stacks(report) == 0
