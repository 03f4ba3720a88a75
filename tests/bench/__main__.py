"""``python -m tests.bench``: measure everything, print a table, keep it as JSON."""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

from tests.bench import pull, space, starts
from tests.bench.harness import Report, save, table
from tests.fixtures.docker_registry import docker_registry
from tests.fixtures.images.catalogue import CHECKOUT, build_all
from tests.fixtures.suite import Suite

ALL = ("pull", "start", "memory", "disk")
IMAGES = ("debian:bookworm", "python:bookworm", "python:bookworm-flat")


def main() -> None:
    """Run the benchmarks named on the command line, or all."""
    parser = argparse.ArgumentParser(prog="tests.bench", description=__doc__)
    parser.add_argument(
        "only", nargs="*", choices=[[], "pull", "start", "memory", "disk"], help="which; all by default"
    )
    parser.add_argument("--repeat", type=int, default=5, help="rounds of each measurement")
    parser.add_argument(
        "--json", type=Path, default=CHECKOUT / "build" / "bench.json", help="where to keep the figures"
    )
    arguments = parser.parse_args()
    chosen = set(arguments.only or ALL)
    if unknown := chosen - set(ALL):
        parser.error(f"no such benchmark: {', '.join(unknown)}")
    reports = [pull.measure(arguments.repeat)] if "pull" in chosen else []
    if chosen - {"pull"}:
        reports += _on_one_suite(chosen, arguments.repeat)
    print(table(reports))
    save(reports, arguments.json)


def _on_one_suite(chosen: set[str], repeat: int) -> list[Report]:
    folder = Path(tempfile.mkdtemp(prefix="strata-bench-", dir="/tmp"))
    folder.chmod(0o755)
    suite, layout, reports = Suite(folder / "suite"), build_all(), []
    with docker_registry(folder / "registry") as registry:
        registry.pusher().push_all(layout, [*IMAGES, "tiny:one"])
        suite.up()
        try:
            tiny = registry.reference("tiny:one")
            if "disk" in chosen:
                references = {name: registry.reference(name) for name in IMAGES}
                reports.append(space.measure_disk(suite, layout, references))
            suite.strata("pull", tiny)
            if "memory" in chosen:
                suite.down()
                suite.up()
                reports.append(space.measure_memory(suite, tiny))
            if "start" in chosen:
                reports.append(starts.measure(suite, tiny, repeat * 3))
        finally:
            suite.down()
    shutil.rmtree(folder)
    return reports


if __name__ == "__main__":
    main()
