"""kill -9 of the real process, at moments nobody chose, while it pulls through the real registry service."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from strata.store.v1 import store_pb2 as pb
from strata_chassis.errors import StrataError
from tests.fault.store.store_process import StoreProcess, store_service
from tests.fixtures.docker_registry import docker_registry
from tests.fixtures.images.debian import image_config
from tests.fixtures.images.layout import Layout
from tests.fixtures.images.tiny import add_layer
from tests.fixtures.registry_service import registry_service
from tests.unit.store.test_sharing_between_layers import tar_of

KILLS = 5


@dataclass
class Pull:
    """A store, and an image of four layers that share files, waiting in a registry."""

    store: StoreProcess
    request: pb.EnsureImageRequest

    async def run(self) -> Any:
        last = None
        async with self.store.stub() as stub:
            async for message in stub.EnsureImage(self.request):
                last = message
        assert last is not None
        return last.image


@pytest.fixture
def pull() -> Iterator[Pull]:
    common = {f"common{n}": os.urandom(400_000) for n in range(4)}
    tars = [tar_of({f"own{n}": os.urandom(3_000_000), **common, "text": b"abc" * 300_000}) for n in range(4)]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="store-kill-")))
        upstream = stack.enter_context(docker_registry(folder / "upstream"))
        layout = Layout(folder / "layout")
        image = layout.add_image(image_config(("sh",), comment="killed"), [add_layer(layout, tar) for tar in tars])
        upstream.pusher().push(layout, "killed:v1", image)
        registry = stack.enter_context(registry_service(folder / "registry"))
        store = stack.enter_context(store_service(folder / "store", registry.address))
        repository = f"{upstream.address}/killed"
        request = pb.EnsureImageRequest(
            reference=f"{repository}:v1", repository=repository, manifest_digest=image.digest
        )
        yield Pull(store, request)


async def test_a_pull_that_is_killed_again_and_again_ends_whole_and_leaves_nothing(pull: Pull) -> None:
    for _ in range(KILLS):
        killing = asyncio.get_running_loop().create_task(kill_soon(pull.store))
        with contextlib.suppress(StrataError):
            await pull.run()
        await killing
        pull.store.start()
    image = await pull.run()
    assert image.digest == pull.request.manifest_digest
    await assert_sound(pull)


async def kill_soon(store: StoreProcess) -> None:
    await asyncio.sleep(random.random() * 0.25)  # noqa: S311 - chance, not secrets
    await asyncio.to_thread(store.kill)


async def assert_sound(pull: Pull) -> None:
    async with pull.store.stub() as stub:
        steps = [step async for step in stub.Scrub(pb.ScrubRequest(rate_bytes_per_second=1 << 34))]
        assert not any(step.HasField("finding") for step in steps)
        report = await stub.GetSharingReport(pb.GetSharingReportRequest())
    on_disk = [path for path in pull.store.root.rglob("*") if path.is_file()]
    # The log of the database may grow between the two looks.
    assert abs(sum(path.stat().st_blocks * 512 for path in on_disk) - report.stored_bytes) < 200_000
    assert not any((pull.store.root / "scratch").iterdir())


async def test_a_store_that_is_told_to_stop_lets_a_pull_end_and_exits_well(pull: Pull) -> None:
    running = asyncio.get_running_loop().create_task(pull.run())
    await asyncio.sleep(0.05)
    assert await asyncio.to_thread(pull.store.stop) == 0
    with contextlib.suppress(StrataError):
        await running
    pull.store.start()
    await pull.run()
    await assert_sound(pull)


async def test_a_client_that_goes_away_in_the_middle_stops_the_pull_and_leaves_nothing_half_done(pull: Pull) -> None:
    for _ in range(3):
        async with pull.store.stub() as stub:
            async for message in stub.EnsureImage(pull.request):
                if message.layer.state == pb.LAYER_STATE_DOWNLOADING:
                    break
    await pull.run()
    await assert_sound(pull)
    assert "Traceback" not in (pull.store.folder / "store.log").read_text()
