"""Pulls that break: the registry goes away, the disk is full, the services die. Nothing half-made stays."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.cutting_proxy import CuttingProxy, cutting_proxy
from tests.fixtures.disk import disk_usage, small_disk
from tests.fixtures.docker_registry import LocalRegistry
from tests.fixtures.images.layout import Layout
from tests.fixtures.session import running_suite
from tests.fixtures.suite import Suite

MIB = 1 << 20
IMAGE = "debian:trixie"


@pytest.fixture
def fresh_suite(short_folder: Path) -> Iterator[Suite]:
    """A suite that has nothing yet."""
    with running_suite(Suite(short_folder / "fresh")) as suite:
        yield suite


@pytest.fixture
def proxy(registry: LocalRegistry, debian: Layout) -> Iterator[CuttingProxy]:
    """A breakable way to the registry."""
    assert IMAGE in debian.names()
    with cutting_proxy(registry.address) as running:
        yield running


def test_a_pull_goes_on_where_the_registry_went_away(fresh_suite: Suite, proxy: CuttingProxy, debian: Layout) -> None:
    proxy.allowance = 30 * MIB
    broken = fresh_suite.attempt("pull", f"{proxy.address}/{IMAGE}")
    assert broken.status == 1
    assert len(broken.stderr.splitlines()) == 1, broken.stderr
    assert proxy.address in broken.stderr
    assert fresh_suite.strata("images", "-q").lines == []
    first, proxy.allowance = proxy.relayed, None
    fresh_suite.strata("pull", f"{proxy.address}/{IMAGE}")
    assert proxy.relayed - first < compressed_size(debian, IMAGE) - 20 * MIB


@pytest.mark.parametrize("victim", ["store", "registry", "gateway"])
def test_a_pull_survives_the_death_of(fresh_suite: Suite, proxy: CuttingProxy, victim: str) -> None:
    """Or rather: a second pull does, which finds no half-made thing in its way."""
    proxy.allowance = 20 * MIB
    pull = fresh_suite.spawn("pull", f"{proxy.address}/{IMAGE}")
    fresh_suite.kill(victim)
    pull.communicate(timeout=60)
    fresh_suite.up()
    assert fresh_suite.strata("images", "-q").lines == []
    proxy.allowance = None
    fresh_suite.strata("pull", f"{proxy.address}/{IMAGE}")
    assert "trixie" in fresh_suite.run(f"{proxy.address}/{IMAGE}", "cat", "/etc/os-release")


def test_a_full_disk_is_said_and_leaves_room_as_before(
    short_folder: Path, registry: LocalRegistry, debian: Layout
) -> None:
    assert IMAGE in debian.names()
    with small_disk(short_folder / "small", size_mib=96) as disk, running_suite(Suite(disk / "suite")) as suite:
        content = suite.root / "state" / "store"
        before = disk_usage(content)
        full = suite.attempt("pull", registry.reference(IMAGE))
        assert full.status == 1
        assert len(full.stderr.splitlines()) == 1, full.stderr
        assert "space" in full.stderr
        assert suite.strata("images", "-q").lines == []
        assert disk_usage(content) < before + 2 * MIB
        suite.strata("pull", registry.reference("tiny:one"))
        assert suite.run(registry.reference("tiny:one"), "echo", "fits") == "fits\n"


def compressed_size(layout: Layout, name: str) -> int:
    """Bytes of all layers of an image as the registry sends them."""
    layers = layout.read_json(layout.names()[name].digest)["layers"]
    return sum(layer["size"] for layer in layers)
