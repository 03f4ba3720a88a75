"""Hosts that mount EROFS from block devices only: tmpfs makes any kernel one of them (ENOTBLK for an index on it)."""

from __future__ import annotations

import io
import os
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from strata_runtime.adapters.mounts.layers import LayerMounts
from strata_runtime.core.container.record import Layer
from strata_runtime.core.paths import Paths
from strata_store.adapters import ingest
from strata_store.adapters.content_root import INDEX, TAR
from strata_store.adapters.ingest import Expected, Limits

CONTENT = os.urandom(3 << 20)


@pytest.fixture
def in_memory() -> Iterator[Path]:
    """A folder on tmpfs."""
    if os.geteuid() != 0:
        pytest.skip("mounting needs root")
    with tempfile.TemporaryDirectory(prefix="strata-loop-", dir="/dev/shm") as folder:
        yield Path(folder)


def layer_in(folder: Path) -> Layer:
    """A layer of one file, its index and its tar in ``folder``."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        entry = tarfile.TarInfo("file")
        entry.size = len(CONTENT)
        tar.addfile(entry, io.BytesIO(CONTENT))
    folder.mkdir()
    built = ingest.build(ingest.receive([buffer.getvalue()], folder, Expected(), Limits()), {}, {})
    return Layer(str(built.received.diff_id), str(folder / INDEX), (str(folder / TAR),))


def test_a_layer_is_mounted_by_loop_devices_that_go_with_it(in_memory: Path) -> None:
    layers = LayerMounts(Paths(run_dir=in_memory / "run", state_dir=in_memory / "state"))
    layers.recover()
    point = layers.hold(layer_in(in_memory / "layer"), "somebody")
    try:
        assert layers.uses_loop_devices
        assert (point / "fs" / "file").read_bytes() == CONTENT
        assert loops_on(in_memory) == 2
    finally:
        layers.release("somebody")
        layers.sweep(0)
    assert loops_on(in_memory) == 0


def loops_on(folder: Path) -> int:
    """Number of loop devices on files of a folder."""
    backing = (path / "loop" / "backing_file" for path in Path("/sys/block").glob("loop*"))
    return sum(path.exists() and path.read_text().startswith(str(folder)) for path in backing)
