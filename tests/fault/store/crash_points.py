"""Run by test_every_crash_point.py: dies at every step of a scenario that the disk can see, and looks what is left.

A program of its own, because it forks: no thread may run when it does. Prints one JSON line.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sqlite3
import sys
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import strata_chassis.database
from strata_oci.digest import Digest
from strata_store.adapters import ingest
from strata_store.engine import trim
from strata_store.engine.repair import Repairer
from strata_store.engine.scrub import Scrubber, Task
from tests.unit.store.node import Node, layers_and_stacks, open_node
from tests.unit.store.test_hostile_tars import END, header, pax, record
from tests.unit.store.test_sharing_between_layers import KIB, blob, tar_of

COMMON = {f"lib/{n}": blob(n, 120 * KIB) for n in range(3)}
BASE = tar_of({"base": blob(10, 60 * KIB), **COMMON})
TOP = tar_of({"top": blob(11, 8 * KIB), **{f"again/{name}": data for name, data in COMMON.items()}})
SPARSE = (
    pax(record("GNU.sparse.map", "0,8192,1048576,8192") + record("GNU.sparse.size", "1056768"))
    + header(b"holes", size=b"%o" % 16384)
    + blob(12, 16384)
    + END
)
OTHER = tar_of({"other": b"x" * 100})


async def fill(node: Node) -> None:
    """Make what exists before the scenario, and must survive it."""
    await node.add_image("kept", [OTHER])


async def scenario(node: Node) -> None:
    """Ingest (a sparse file, too), commit, borrow, tag, remove, trim, collect."""
    await node.add_image("base", [BASE])
    await node.add_image("sparse", [SPARSE])
    await node.add_image("top", [TOP])
    await node.add_image("both", [BASE, TOP])
    await node.stores.images.tag("top", "another")
    await node.remove("base")
    await node.remove("both")
    await node.remove("sparse")
    await node.collect(dangling_images=True)
    await node.remove("top")
    await node.remove("another")
    await node.add_image("base", [BASE])


async def assert_sound(node: Node) -> None:
    """Everything visible is whole, everything on the disk is accounted for, what was there before is there."""
    scrubber = Scrubber(node.stores, Repairer(node.stores, None), node.collector, rate_bytes_per_s=1 << 40)
    findings = [step.finding async for step in scrubber.scrub(Task()) if step.finding is not None]
    assert not findings, findings
    report = await node.report()
    assert layers_and_stacks(report) == node.disk_bytes(), (layers_and_stacks(report), node.disk_bytes())
    assert not any(node.stores.root.scratch.iterdir())
    images, _ = await node.stores.images.page("", 100, "")
    for image in images:
        mount = await node.stores.images.mount(image.digest, "")
        for files in (mount.meta, *mount.layers, *mount.data):
            assert all(path.exists() for path in (files.index, *files.devices)), files
    assert any("kept" in name for image in images for name in image.names)


class Steps:
    """Counts the steps that change the disk, and dies before one of them."""

    def __init__(self, fatal: int) -> None:
        self.count = 0
        self._fatal = fatal

    def step(self) -> None:
        self.count += 1
        if self.count == self._fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    def before(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def stepping(*arguments: Any, **options: Any) -> Any:
            self.step()
            return function(*arguments, **options)

        return stepping

    def install(self) -> None:
        """Step before every call that changes files, and before and after every transaction."""
        for name in ("write", "fsync", "rename", "replace", "unlink", "rmdir", "mkdir", "copy_file_range"):
            setattr(os, name, self.before(getattr(os, name)))
        ingest.punch_hole = self.before(ingest.punch_hole)
        trim.punch_hole = self.before(trim.punch_hole)
        inside = strata_chassis.database.Database._inside

        def transaction(database: Any, begin: str, connection: sqlite3.Connection, work: Any) -> Any:
            if begin != "BEGIN IMMEDIATE":
                return inside(database, begin, connection, work)
            self.step()
            result = inside(database, begin, connection, work)
            self.step()
            return result

        strata_chassis.database.Database._inside = transaction


def run(folder: Path, work: Callable[[Node], Awaitable[None]], *, fatal: int | None = None) -> tuple[int, int]:
    """Run ``work`` on a store in a process of its own; returns (its wait status, the steps it took)."""
    reader, writer = os.pipe()
    process = os.fork()  # noqa: TID251 - this program has no threads
    if process == 0:
        steps = Steps(-1 if fatal is None else fatal)
        try:
            if fatal is not None:
                steps.install()
            asyncio.run(_with_node(folder, work))
            os.set_blocking(writer, True)
            count = str(steps.count).encode()
            steps.__init__(-1)  # type: ignore[misc]
            os.write(writer, count)
        except BaseException:  # noqa: BLE001 - the parent sees the status
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    os.close(writer)
    _, status = os.waitpid(process, 0)
    taken = os.read(reader, 32)
    os.close(reader)
    return status, int(taken or b"0")


async def _with_node(folder: Path, work: Callable[[Node], Awaitable[None]]) -> None:
    async with open_node(folder) as node:
        await work(node)


def main(folder: Path, every: int) -> int:
    """Try every ``every``-th crash point; prints what happened."""
    template, victim = folder / "template", folder / "victim"
    template.mkdir(parents=True)
    assert run(template, fill)[0] == 0
    shutil.copytree(template, victim)
    status, steps = run(victim, scenario, fatal=0)
    assert status == 0, "the scenario itself fails"
    failures = []
    for fatal in range(1, steps + 1, every):
        shutil.rmtree(victim)
        shutil.copytree(template, victim)
        status, _ = run(victim, scenario, fatal=fatal)
        died = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        sound = run(victim, assert_sound)[0] == 0
        again = run(victim, scenario)[0] == 0 and run(victim, assert_sound)[0] == 0
        if not (sound and again and (died or status == 0)):
            failures.append({"step": fatal, "died": died, "sound": sound, "again": again})
    print(json.dumps({"steps": steps, "digest": str(Digest.of(BASE)), "failures": failures}))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2])))
