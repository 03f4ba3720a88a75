"""A file is in memory once, whichever images and layers it is in."""

from __future__ import annotations

import mmap
import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from strata.gateway.v1 import gateway_pb2, gateway_pb2_grpc
from tests.fixtures.cgroups import page_cache_bytes
from tests.fixtures.docker_registry import LocalRegistry
from tests.fixtures.images.catalogue import build_tiny
from tests.fixtures.images.debian import image_config
from tests.fixtures.images.layout import Layout
from tests.fixtures.images.tiny import TarWriter, add_layer, busybox_tar
from tests.fixtures.mappings import resident_pages
from tests.fixtures.suite import Suite

MIB = 1 << 20
SIZE = 48 * MIB


@pytest.fixture(scope="module")
def twins(registry: LocalRegistry, session_suite: Suite) -> tuple[str, str]:
    """Two images that have a file in common, in layers that are not equal, and under other names."""
    layout, content = build_tiny(), random.Random(3).randbytes(SIZE)  # noqa: S311 - the same on every run
    references = []
    for name in ("one", "two"):
        _push(layout, registry, name, TarWriter().file(f"big-{name}", content).file(f"only-{name}").close())
        references.append(registry.reference(f"twin:{name}"))
        session_suite.strata("pull", references[-1])
    return references[0], references[1]


def test_two_containers_of_one_image_cache_its_pages_once(suite: Suite, twins: tuple[str, str]) -> None:
    first = _read(suite, "first", twins[0], "/big-one")
    second = _read(suite, "second", twins[0], "/big-one")
    assert second < 2 * MIB, (first, second)


def test_ten_containers_of_one_image_cache_its_pages_once(suite: Suite, twins: tuple[str, str]) -> None:
    charged = [_read(suite, f"container{number}", twins[0], "/big-one") for number in range(10)]
    assert sum(charged) < SIZE + 10 * MIB, charged
    assert max(charged[1:]) < 2 * MIB, charged


def test_what_one_container_has_read_is_in_memory_for_mappings_of_all_others(
    suite: Suite, twins: tuple[str, str]
) -> None:
    """Of the same image under the same name, and of another image under another."""
    _read(suite, "first", twins[0], "/big-one")
    for name, image, path in (("second", twins[0], "/big-one"), ("third", twins[1], "/big-two")):
        suite.strata("run", "-d", "--name", name, image, "sleep", "1000")
        with _mapped(suite, name, path) as mapping:
            assert resident_pages(mapping) == SIZE // mmap.PAGESIZE


def test_what_is_read_through_a_mapping_is_in_memory_once(suite: Suite, twins: tuple[str, str]) -> None:
    for name, image in (("first", twins[0]), ("second", twins[1])):
        suite.strata("run", "-d", "--name", name, image, "sleep", "1000")
    with _mapped(suite, "first", "/big-one") as first, _mapped(suite, "second", "/big-two") as second:
        _drop(suite, "first", "/big-one")
        assert resident_pages(second) < SIZE // mmap.PAGESIZE // 10
        assert sum(first[start] for start in range(0, SIZE, mmap.PAGESIZE)) > 0
        assert resident_pages(second) == SIZE // mmap.PAGESIZE


def test_two_images_with_the_same_file_cache_its_pages_once(suite: Suite, twins: tuple[str, str]) -> None:
    first = _read(suite, "first", twins[0], "/big-one")
    second = _read(suite, "second", twins[1], "/big-two")
    assert second < 2 * MIB, (first, second)


def test_what_is_in_memory_is_told_by_layer_and_image(suite: Suite, twins: tuple[str, str]) -> None:
    for name, image, path in (("first", twins[0], "/big-one"), ("second", twins[1], "/big-two")):
        _read(suite, name, image, path)
    with suite.connect() as channel:
        stub = gateway_pb2_grpc.GatewayServiceStub(channel)
        usage = stub.GetDiskUsage(gateway_pb2.GetDiskUsageRequest(include_memory=True), timeout=30)
    by_layer = {layer.digest: layer.resident_bytes for layer in usage.images.layers}
    first = next(image for image in usage.images.images if twins[0] in image.names)
    assert SIZE <= by_layer[first.layers[-1]] < SIZE + 2 * MIB
    assert first.resident_bytes == sum(by_layer[diff_id] for diff_id in first.layers)
    assert sum(by_layer.values()) <= usage.resident_bytes
    assert SIZE <= usage.memory_saved_bytes < SIZE + 4 * MIB  # two containers read it, of different images


@contextmanager
def _mapped(suite: Suite, container: str, path: str) -> Iterator[mmap.mmap]:
    """Map a file as the container has it; nothing of it is read by that."""
    # Private and writable, so that ctypes may have its address; no byte is written.
    how = {"flags": mmap.MAP_PRIVATE, "prot": mmap.PROT_READ | mmap.PROT_WRITE}
    with _inside(suite, container, path).open("rb") as file, mmap.mmap(file.fileno(), SIZE, **how) as mapping:
        yield mapping


def _drop(suite: Suite, container: str, path: str) -> None:
    """Forget the pages of a file."""
    with _inside(suite, container, path).open("rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _inside(suite: Suite, container: str, path: str) -> Path:
    return Path(f"/proc/{suite.inspect(container)['State']['Pid']}/root{path}")


def _read(suite: Suite, container: str, image: str, path: str) -> int:
    """Page cache that a container is charged for reading a file."""
    suite.strata("run", "-d", "--name", container, image, "sleep", "1000")
    pid = suite.inspect(container)["State"]["Pid"]
    before = page_cache_bytes(pid)
    suite.strata("exec", container, "cp", path, "/dev/null")
    return page_cache_bytes(pid) - before


def _push(layout: Layout, registry: LocalRegistry, name: str, tar: bytes) -> None:
    layers = [add_layer(layout, busybox_tar("Twin")), add_layer(layout, tar)]
    image = layout.add_image(image_config(("sh",), comment=f"twin:{name}"), layers)
    registry.pusher().push(layout, f"twin:{name}", image)
