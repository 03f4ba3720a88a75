"""``python -m tests.bench``: measure everything, print a table, keep it as JSON."""

from __future__ import annotations

import argparse
import asyncio
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench import density, engines, pull, space, starts
from tests.bench.harness import Report, save, table
from tests.bench.registry import proxies
from tests.bench.store import ingest, scale
from tests.fixtures.docker_registry import docker_registry
from tests.fixtures.images.catalogue import CHECKOUT, build_all
from tests.fixtures.session import running_suite
from tests.fixtures.suite import Suite

ALONE = ("pull", "engines", "ingest", "scale", "proxies")
"""What needs no suite of its own."""
ON_ONE_SUITE = ("start", "memory", "disk", "density")
ALL = (*ALONE, *ON_ONE_SUITE)
ROUNDS_OF_ENGINES = 3
"""Pulls by each engine at most: others take over ten seconds for one."""
DENSE = 1000
"""Containers of the density benchmark."""

IMAGES = ("debian:bookworm", "python:bookworm", "python:bookworm-flat")


def main() -> None:
    """Run the benchmarks named on the command line, or all."""
    parser = argparse.ArgumentParser(prog="tests.bench", description=__doc__)
    parser.add_argument("only", nargs="*", metavar="|".join(ALL), help="which; all by default")
    parser.add_argument("--repeat", type=int, default=5, help="rounds of each measurement")
    parser.add_argument(
        "--json", type=Path, default=CHECKOUT / "build" / "bench.json", help="where to keep the figures"
    )
    arguments = parser.parse_args()
    chosen = set(arguments.only or ALL)
    if unknown := chosen - set(ALL):
        parser.error(f"no such benchmark: {', '.join(unknown)}")
    reports: list[Report] = []
    try:
        reports.extend(_measure_alone(name, arguments.repeat) for name in ALONE if name in chosen)
        if chosen & {*ON_ONE_SUITE}:
            _measure_on_one_suite(chosen, arguments.repeat, reports)
    finally:
        print(table(reports))
        save(reports, arguments.json)


def _measure_alone(name: str, repeat: int) -> Report:
    measures: dict[str, Callable[[], Report]] = {
        "pull": lambda: pull.measure(repeat),
        "engines": lambda: engines.measure(min(repeat, ROUNDS_OF_ENGINES)),
        "ingest": lambda: ingest.measure_in_own_process(repeat),
        "scale": lambda: asyncio.run(scale.measure()),
        "proxies": proxies.measure,
    }
    return measures[name]()


def _measure_on_one_suite(chosen: set[str], repeat: int, reports: list[Report]) -> None:
    layout = build_all()
    with _folder() as folder, docker_registry(folder / "registry") as registry:
        registry.pusher().push_all(layout, [*IMAGES, "tiny:one"])
        tiny = registry.reference("tiny:one")
        with _suite_as_in_production(folder) as suite:
            if "memory" in chosen:
                suite.strata("pull", tiny)
                suite.down()
                suite.up()
                reports.append(space.measure_memory(suite, tiny))
            if "start" in chosen:
                suite.strata("pull", tiny)
                reports.append(starts.measure(suite, tiny, repeat))
            if "density" in chosen:
                suite.strata("pull", tiny)
                reports.append(density.measure(suite, tiny, DENSE))
            if "disk" in chosen:
                references = {name: registry.reference(name) for name in IMAGES}
                reports.append(space.measure_disk(suite, layout, references))


@contextmanager
def _folder() -> Iterator[Path]:
    """A folder that other users may enter and whose sockets have short paths."""
    folder = Path(tempfile.mkdtemp(prefix="strata-bench-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@contextmanager
def _suite_as_in_production(folder: Path) -> Iterator[Suite]:
    """A private suite whose run directory is on a tmpfs, as /run is, and whose state is on the disk."""
    memory, disk = folder / "memory", folder / "disk"
    state = memory / "suite" / "state"
    for path in (memory, disk):
        path.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", memory], check=True)
    try:
        state.mkdir(parents=True)
        subprocess.run(["mount", "--bind", disk, state], check=True)
        with running_suite(Suite(state.parent)) as suite:
            yield suite
    finally:
        subprocess.run(["umount", memory], check=True)


if __name__ == "__main__":
    main()
