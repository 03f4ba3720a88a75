"""What images have in common is stored once, mounted once, cached once, and counted right."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from strata.store.v1 import store_pb2, store_pb2_grpc
from tests.fixtures.disk import disk_usage
from tests.fixtures.docker_registry import LocalRegistry
from tests.fixtures.images.layout import Layout
from tests.fixtures.session import running_suite
from tests.fixtures.suite import Suite

MIB = 1 << 20
SLACK = 2 * MIB
"""Directories, databases and logs beside the content."""


@pytest.fixture(scope="module")
def own_suite(short_folder: Path) -> Iterator[Suite]:
    """A suite that holds nothing but what is pulled here."""
    with running_suite(Suite(short_folder / "sharing")) as running:
        yield running


@pytest.fixture(scope="module")
def pulled(own_suite: Suite, registry: LocalRegistry, debian: Layout) -> dict[str, str]:
    """Two images on one base, and a third with the second's files in other layers: references by name."""
    references: dict[str, str] = {}
    for name in ("debian:bookworm", "python:bookworm", "python:bookworm-flat"):
        assert name in debian.names()
        references[name] = registry.reference(name)
        own_suite.strata("pull", references[name])
    return references


@pytest.fixture
def suite(own_suite: Suite) -> Iterator[Suite]:
    """The suite, without containers afterwards."""
    yield own_suite
    own_suite.remove_all_containers()


def test_a_layer_is_mounted_once_however_many_containers_use_it(suite: Suite, pulled: dict[str, str]) -> None:
    for number, name in enumerate(["debian:bookworm", "debian:bookworm", "python:bookworm"]):
        suite.strata("run", "-d", "--name", f"c{number}", pulled[name], "sleep", "1000")
    sources = _erofs_sources(suite.root)
    assert len(sources) == len(set(sources))
    layers = [source for source in sources if "/store/layers/" in source]
    assert len(layers) == 3  # the base, procps, python


def test_unique_and_shared_add_up_to_what_du_finds(suite: Suite, pulled: dict[str, str]) -> None:
    report = _report(suite)
    on_disk = disk_usage(suite.root / "state" / "store")
    assert pulled
    assert sum(layer.unique_bytes for layer in report.layers) <= report.stored_bytes
    assert abs(report.stored_bytes - on_disk) < SLACK


def test_images_on_one_base_share_it(suite: Suite, pulled: dict[str, str]) -> None:
    by_name = {name: image for image in _report(suite).images for name in image.names}
    one, two = by_name[pulled["debian:bookworm"]], by_name[pulled["python:bookworm"]]
    assert two.digest in one.shared_with
    assert one.shared_bytes > 100 * MIB
    assert one.unique_bytes < 10 * MIB


def test_the_same_packages_in_other_layers_take_little_more_space(suite: Suite, pulled: dict[str, str]) -> None:
    """The flat image's one layer holds what two layers of the other image hold already."""
    by_name = {name: image for image in _report(suite).images for name in image.names}
    flat = by_name[pulled["python:bookworm-flat"]]
    assert flat.unique_bytes < 0.15 * flat.logical_bytes
    assert flat.file_shared_bytes > 0.8 * flat.logical_bytes


def test_metrics_say_the_same_as_du(suite: Suite, pulled: dict[str, str]) -> None:
    assert pulled
    stored = _metric(suite.metrics(), "strata_stored_bytes")
    assert abs(stored - disk_usage(suite.root / "state" / "store")) < SLACK
    assert _metric(suite.metrics(), "strata_logical_bytes") > 1.5 * stored


def test_metrics_count_containers_by_state_and_sharers_by_layer(suite: Suite, pulled: dict[str, str]) -> None:
    for number in range(3):
        suite.strata("run", "-d", "--name", f"c{number}", pulled["debian:bookworm"], "sleep", "1000")
    suite.strata("pause", "c0")
    suite.strata("stop", "--time", "0", "c1")
    text = suite.metrics()
    states = ("running", "paused", "exited")
    assert [_metric(text, f'strata_containers{{state="{state}"}}') for state in states] == [1, 1, 1]
    suite.strata("rm", "c1")
    sharers = re.findall(r"^strata_layer_mount_containers\{.*\} (\S+)$", suite.metrics(), re.MULTILINE)
    assert [float(value) for value in sharers if float(value)] == [2, 2, 2]  # META and two layers, by two containers


def _report(suite: Suite) -> store_pb2.GetSharingReportResponse:
    with suite.connect() as channel:
        stub = store_pb2_grpc.StoreServiceStub(channel)
        return stub.GetSharingReport(store_pb2.GetSharingReportRequest(), timeout=30)


def _erofs_sources(root: Path) -> list[str]:
    """Sources of all EROFS mounts of this suite."""
    mounts = [line.split(" - ") for line in Path("/proc/self/mountinfo").read_text().splitlines() if str(root) in line]
    return [after.split()[1] for _, after in mounts if after.startswith("erofs ")]


def _metric(text: str, name: str) -> float:
    """The value of one sample of the metrics text."""
    match = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    assert match, f"there is no {name}"
    return float(match[1])
