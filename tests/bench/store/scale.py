"""``python -m tests.bench.store.scale``: many images, and what listing and collecting them costs."""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from pathlib import Path

from strata_store.adapters.records.garbage import Policy
from tests.bench.harness import Report, table
from tests.unit.store.node import Node, open_node
from tests.unit.store.test_sharing_between_layers import tar_of

IMAGES, LAYERS = 100, 20


async def measure() -> Report:
    """Make ``IMAGES`` images of ``LAYERS`` layers, list them, and collect one of them, then all."""
    report = Report("scale")
    with tempfile.TemporaryDirectory(prefix="store-scale-") as folder:
        async with open_node(Path(folder)) as node:
            for image in range(IMAGES):
                await _make(node, image)
            report.add("list 100 images of 20 layers", await _timed(_list(node)) * 1e3, "ms", mark=50)
            report.add("account for them", await _timed(node.report()) * 1e3, "ms")
            report.add("collect nothing", await _timed(node.collector.collect(Policy())) * 1e3, "ms")
            await node.stores.images.remove("image0", is_forced=False)
            report.add("collect one image", await _timed(node.collector.collect(Policy())) * 1e3, "ms")
            seconds = await _timed(node.collector.collect(Policy(unused_images=True)))
            report.add("collect the 99 others, per image", seconds * 1e3 / (IMAGES - 1), "ms")
    return report


async def _make(node: Node, image: int) -> None:
    tars = [tar_of({f"file{image}-{layer}": b"%d %d" % (image, layer)}) for layer in range(LAYERS)]
    await node.add_image(f"image{image}", tars)


async def _list(node: Node) -> None:
    found, _ = await node.stores.images.page("", 1000, "")
    assert len(found) == IMAGES


async def _timed(work: object) -> float:
    start = time.perf_counter()
    await work  # type: ignore[misc]
    return time.perf_counter() - start


if __name__ == "__main__":
    print(table([asyncio.run(measure())]))
    sys.exit(0)
