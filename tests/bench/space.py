"""What it all takes: disk for images, memory for the suite, memory for an idle container."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from tests.bench.harness import Report
from tests.fixtures.disk import disk_usage
from tests.fixtures.images.layout import Layout
from tests.fixtures.suite import SERVICES, Suite

MB = 1_000_000
IDLE_CONTAINERS = 20


def measure_memory(suite: Suite, image: str) -> Report:
    """PSS of all services with no container, and how much each of many idle ones adds to it."""
    report = Report("memory")
    empty = suite_pss(suite)
    names = [f"idle{number}" for number in range(IDLE_CONTAINERS)]
    for name in names:
        suite.strata("run", "-d", "--name", name, "--network", "none", image, "sleep", "10000")
    full = suite_pss(suite)
    for service in SERVICES:
        report.add(service, _pss(suite.pid(service)) / MB, "MB PSS")
    suite.strata("rm", "-f", *names)
    report.add("whole suite, no container", empty / MB, "MB PSS", mark=110)
    report.add("supervision per idle container", (full - empty) / IDLE_CONTAINERS / MB, "MB PSS", mark=0.1)
    return report


def measure_disk(suite: Suite, layout: Layout, references: dict[str, str]) -> Report:
    """Bytes of the store after pulling, against the tars that were pulled."""
    report = Report("disk")
    store = suite.root / "state" / "store"
    tars: dict[str, int] = {}
    for name, reference in references.items():
        before = disk_usage(store)
        suite.strata("pull", reference)
        grown = disk_usage(store) - before
        new = {d: s for d, s in _tars(layout, name).items() if d not in tars}
        tars |= new
        report.add(f"{name}, against its new layers' tars", grown / max(1, sum(new.values())), "x", mark=1.02)
    return report


def suite_pss(suite: Suite) -> int:
    """PSS of all services together, in bytes."""
    return sum(_pss(suite.pid(service)) for service in SERVICES)


def _tars(layout: Layout, name: str) -> dict[str, int]:
    """Sizes of the uncompressed layers of an image."""
    document = layout.read_json(layout.names()[name].digest)
    for entry in document.get("manifests", []):
        if entry["platform"]["architecture"] == "amd64":
            document = layout.read_json(entry["digest"])
    return {layer["digest"]: _unpacked_size(layout.path(layer["digest"])) for layer in document["layers"]}


def _unpacked_size(blob: Path) -> int:
    script = 'gzip -dc "$1" | wc -c'
    return int(subprocess.run(["sh", "-c", script, "sh", str(blob)], capture_output=True, check=True).stdout)


def _pss(pid: int) -> int:
    """Proportional set size in bytes."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    match = re.search(r"^Pss:\s+(\d+) kB", rollup, re.MULTILINE)
    assert match
    return int(match[1]) * 1024
