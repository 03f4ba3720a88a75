"""Many idle containers at once: what the last one costs, what they cost together, how fast they go."""

from __future__ import annotations

import statistics
import urllib.request

from strata.gateway.v1 import gateway_pb2
from strata.runtime.v1 import container_pb2
from tests.bench.harness import Report, timed
from tests.bench.rpc import Engine, connected
from tests.bench.space import suite_pss
from tests.fixtures.leaks import left_behind, traces_of_containers
from tests.fixtures.suite import Suite

MB = 1_000_000
EDGE = 10
"""How many starts make an average, first and last."""


def measure(suite: Suite, image: str, count: int) -> Report:
    """Start ``count`` idle containers one by one, look at them, and remove them all."""
    report = Report(f"{count} containers")
    before, empty = traces_of_containers(suite.root), suite_pss(suite)
    names = [f"dense{number}" for number in range(count)]
    with connected(suite) as engine:
        starts = [timed(lambda name=name: _start(engine, image, name)) for name in names]  # type: ignore[misc]
    first, last = statistics.median(starts[:EDGE]), statistics.median(starts[-EDGE:])
    report.add("start of the first ones", first * 1000, "ms")
    report.add("start of the last ones, against the first", last / first, "x", mark=1.25)
    report.add("supervision each", (suite_pss(suite) - empty) / count / MB, "MB PSS", mark=0.5)
    report.add("strata ps", timed(lambda: suite.strata("ps")) * 1000, "ms", mark=100)
    report.add("metrics scrape", timed(lambda: _scrape(suite)) * 1000, "ms", mark=200)
    report.add("all removed", timed(lambda: suite.strata("rm", "--force", *names)), "s", mark=60)
    left = left_behind(before, lambda: traces_of_containers(suite.root))
    report.add("left behind", sum(map(len, left.values())), "things", mark=0)
    return report


def _start(engine: Engine, image: str, name: str) -> None:
    spec = container_pb2.ContainerSpec(image=image, command=["sleep", "100000"], name=name)
    header = gateway_pb2.RunHeader(create=gateway_pb2.CreateContainerRequest(spec=spec), detach=True)
    list(engine.gateway.Run(iter([gateway_pb2.RunRequest(header=header)])))


def _scrape(suite: Suite) -> None:
    with urllib.request.urlopen(f"http://{suite.metrics_address}/metrics", timeout=30) as answer:
        answer.read()
