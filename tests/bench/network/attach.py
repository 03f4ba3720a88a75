"""``python -m tests.bench.network.attach``: what a network costs a container, and whether the thousandth pays more.

Needs root. Everything is made on this host under names of its own, and cleared away at the end.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from pathlib import Path

from strata_runtime.adapters.network import NetworkConfig, open_network
from strata_runtime.core.network.backend import NetworkBackend
from strata_runtime.core.network.defining import NetworkWish
from strata_runtime.core.network.spec import EndpointSpec, NetworkMode, NetworkSpec, PublishedPort
from tests.bench.harness import Report, table

KINDS = {
    "bridge": NetworkSpec(hostname="h"),
    "bridge, a port published": NetworkSpec(hostname="h", published=(PublishedPort(80),)),
    "user-defined network, names": NetworkSpec(endpoints=(EndpointSpec("own"),), hostname="h"),
    "none": NetworkSpec(mode=NetworkMode.NONE, hostname="h"),
}
MARK_MS = 2.0
PAUSE_S = 0.3  # in which the pool fills up again
RUN_DIRECTORIES = "/dev/shm"


async def measure(repeat: int, many: int) -> Report:
    """Attach ``repeat`` containers of each kind one by one, then ``many`` in a row."""
    report = Report("network")
    async with _started() as network:
        await network.create_network(NetworkWish("own"))
        for kind, spec in KINDS.items():
            attached, detached = await _one_by_one(network, spec, repeat)
            report.add(f"attach: {kind}", statistics.median(attached), "ms", mark=MARK_MS)
            report.add(f"detach: {kind}", statistics.median(detached), "ms", mark=MARK_MS)
        await _in_a_row(network, many, report)
    return report


@asynccontextmanager
async def _started() -> AsyncIterator[NetworkBackend]:
    with tempfile.TemporaryDirectory(prefix="network-bench-", dir=RUN_DIRECTORIES) as folder:
        network = open_network(NetworkConfig(Path(folder) / "run", Path(folder) / "state"))
        await network.start()
        try:
            yield network
        finally:
            await network.teardown()


async def _one_by_one(network: NetworkBackend, spec: NetworkSpec, repeat: int) -> tuple[list[float], list[float]]:
    attached, detached = [], []
    for number in range(repeat):
        await asyncio.sleep(PAUSE_S)
        attached.append(await _timed_ms(network.attach(f"one-{number}", spec)))
        detached.append(await _timed_ms(network.detach(f"one-{number}")))
    return attached, detached


async def _in_a_row(network: NetworkBackend, many: int, report: Report) -> None:
    spec = KINDS["bridge"]
    times = [await _timed_ms(network.attach(f"many-{number}", spec)) for number in range(many)]
    tenth = max(1, many // 10)
    first, last = statistics.median(times[:tenth]), statistics.median(times[-tenth:])
    report.add(f"{many} in a row, without a pause: the first tenth, each", first, "ms")
    report.add(f"{many} in a row, without a pause: the last tenth, each", last, "ms")
    start = time.perf_counter()
    for number in range(many):
        await network.detach(f"many-{number}")
    report.add(f"{many} detached", time.perf_counter() - start, "s")


async def _timed_ms(work: Awaitable[object]) -> float:
    start = time.perf_counter()
    await work
    return (time.perf_counter() - start) * 1e3


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="tests.bench.network.attach", description=__doc__)
    parser.add_argument("--repeat", type=int, default=20, help="containers of each kind, one by one")
    parser.add_argument("--many", type=int, default=1000, help="containers in a row (a bridge has 1,023 ports)")
    arguments = parser.parse_args()
    print(table([asyncio.run(measure(arguments.repeat, arguments.many))]))


if __name__ == "__main__":
    main()
