"""A cold pull over loopback against decompressing alone, against tar, and against skopeo with umoci."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.bench.harness import Report, interleave, timed
from tests.fixtures.docker_registry import LocalRegistry, docker_registry
from tests.fixtures.images.catalogue import open_layout
from tests.fixtures.images.debian import Recipe, build
from tests.fixtures.images.layout import Layout
from tests.fixtures.session import running_suite
from tests.fixtures.suite import Suite

IMAGE = Recipe("bench:bookworm", "bookworm", ("gcc", "git", "perl", "python3"), flat=True)
"""One layer of over 300 MB with everyday programs in it, about as large as images in use are."""

MIB = 1 << 20


def measure(repeat: int) -> Report:
    """Pull ``IMAGE`` in as many ways as there are."""
    layout = layout_with_image()
    blob = layout.path(layout.read_json(build(layout, IMAGE).digest)["layers"][0]["digest"])
    with tempfile.TemporaryDirectory(prefix="strata-bench-") as folder:
        work = Path(folder)
        work.chmod(0o755)
        with docker_registry(work / "registry") as registry:
            registry.pusher().push_all(layout, [IMAGE.name])
            samples = interleave(
                {
                    "gzip": lambda: _gzip(blob),
                    "tar": lambda: _tar(blob, work / "tar"),
                    "umoci": lambda: _skopeo_umoci(registry, work / "umoci"),
                    "strata": lambda: pull_by_strata(registry.reference(IMAGE.name), work / "suite"),
                },
                repeat,
            )
        size = _tar_size(blob)
    pull, gzip = samples["strata"].median, samples["gzip"].median
    report = Report("pull")
    report.add("cold pull, verified, committed, mountable", pull, "s", note=f"{blob.stat().st_size / MIB:.0f} MiB gzip")
    report.add("unpacked per second", size / MIB / pull, "MiB/s")
    report.add("against gzip -dc of the blob", pull / gzip, "x", mark=0.7)
    report.add("faster than gzip -dc | tar x", samples["tar"].median / pull, "x", mark=2.0, more_is_better=True)
    report.add("faster than skopeo + umoci", samples["umoci"].median / pull, "x")
    return report


def layout_with_image() -> Layout:
    """The layout with ``IMAGE`` in it, built if it never was."""
    with open_layout() as layout:
        layout.name(IMAGE.name, build(layout, IMAGE, print))
        return layout


def _gzip(blob: Path) -> float:
    return timed(lambda: subprocess.run(["gzip", "-dc"], stdin=blob.open("rb"), stdout=subprocess.DEVNULL, check=True))


def _tar(blob: Path, target: Path) -> float:
    target.mkdir()
    script = 'gzip -dc "$1" | tar --extract --numeric-owner --xattrs --directory "$2"'
    seconds = timed(lambda: subprocess.run(["sh", "-c", script, "sh", str(blob), str(target)], check=True))
    shutil.rmtree(target)
    return seconds


def _skopeo_umoci(registry: LocalRegistry, target: Path) -> float:
    target.mkdir()
    script = (
        'skopeo copy -q --src-tls-verify=false "docker://$1" "oci:$2/oci:i" && umoci unpack --image "$2/oci:i" "$2/b"'
    )
    command = ["sh", "-c", script, "sh", registry.reference(IMAGE.name), str(target)]
    seconds = timed(lambda: subprocess.run(command, check=True, capture_output=True))
    shutil.rmtree(target)
    return seconds


def pull_by_strata(reference: str, root: Path) -> float:
    """Pull into a suite that has just been started and holds nothing."""
    with running_suite(Suite(root)) as suite:
        return timed(lambda: suite.strata("pull", reference))


def _tar_size(blob: Path) -> int:
    script = 'gzip -dc "$1" | wc -c'
    return int(subprocess.run(["sh", "-c", script, "sh", str(blob)], capture_output=True, check=True).stdout)
