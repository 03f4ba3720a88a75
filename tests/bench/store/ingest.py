"""``python -m tests.bench.store.ingest [BLOB]``: what the store's own part of a pull costs, without a network.

The blob is a gzipped tar; without one, a tree of this host's files is packed. Everything is measured in turn, in one
run: decompressing alone, decompressing into GNU tar, and taking the layer in (both digests, every file's digest, tar,
index, merged index, all of it brought to the disk).
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from strata_store.adapters import ingest
from strata_store.adapters.content_root import TAR
from strata_store.adapters.ingest import Built, Expected, Limits
from strata_store.core.image_index import write_image_index
from strata_store.core.merge import merge_layers
from tests.bench.harness import Report, interleave, peak_mib, table, timed

MIB = 1 << 20
SAMPLE = ("usr/lib/python3", "usr/lib/python3.11", "usr/share/perl", "usr/lib/gcc", "usr/sbin", "usr/share/zoneinfo")


def measure(blob: Path, repeat: int) -> Report:
    """Measure all ways of unpacking ``blob``."""
    with tempfile.TemporaryDirectory(prefix="store-bench-") as folder:
        work = Path(folder)
        samples = interleave(
            {
                "gzip": lambda: _shell('gzip -dc "$1" > /dev/null', blob, work),
                "tar": lambda: _shell('gzip -dc "$1" | tar -x --numeric-owner --xattrs -C "$2"', blob, work / "tar"),
                "store": lambda: _ingest(blob, work / "layer"),
                "no sync": lambda: _without_sync(blob, work / "layer"),
            },
            repeat,
        )
        built = _build(blob, work / "layer")
        size, entries = (work / "layer" / TAR).stat().st_size, built.received.entries
    ours, gzip, tar = (samples[name].median for name in ("store", "gzip", "tar"))
    report = Report("ingest")
    report.add("layer taken in, mountable, on the disk", ours, "s", note=f"{size / MIB:.0f} MiB tar, {entries} entries")
    report.add("tar bytes per second", size / 1e6 / ours, "MB/s", mark=300, more_is_better=True)
    report.add("against gzip -dc of the blob", ours / gzip, "x", mark=0.5)
    report.add("faster than gzip -dc | tar x", tar / ours, "x", mark=2.0, more_is_better=True)
    report.add("of it, syncing to the disk", ours - samples["no sync"].median, "s")
    report.add("peak memory of this process", peak_mib(os.getpid()), "MiB", mark=200)
    return report


def measure_in_own_process(repeat: int) -> Report:
    """Measure a tree of this host, in a fresh process: the peak of memory is of the store's work alone."""
    with tempfile.TemporaryDirectory(prefix="store-bench-") as folder:
        blob = Path(folder, "sample.tar.gz")
        _pack_sample(blob)
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as fresh:
            return fresh.submit(measure, blob, repeat).result()


def _shell(script: str, blob: Path, target: Path) -> float:
    target.mkdir(exist_ok=True)
    seconds = timed(lambda: subprocess.run(["sh", "-c", script, "sh", blob, target], check=True))
    if target.name == "tar":
        shutil.rmtree(target)
    return seconds


def _ingest(blob: Path, folder: Path) -> float:
    seconds = timed(lambda: _build(blob, folder))
    shutil.rmtree(folder)
    return seconds


def _without_sync(blob: Path, folder: Path) -> float:
    sync, os.fsync = os.fsync, lambda _: None
    try:
        return _ingest(blob, folder)
    finally:
        os.fsync = sync


def _build(blob: Path, folder: Path) -> Built:
    folder.mkdir()
    built = ingest.build(ingest.receive(_chunks(blob), folder, Expected(), Limits()), {}, {})
    ingest.write_synced(folder / "meta.erofs", write_image_index(merge_layers([built.tree]), bytes(16)))
    return built


def _chunks(blob: Path) -> Iterator[bytes]:
    with blob.open("rb") as file:
        while data := file.read(MIB):
            yield data


def _pack_sample(target: Path) -> None:
    folders = [folder for folder in SAMPLE if Path("/", folder).is_dir()]
    script = 'target=$1; shift; tar -C / -c "$@" | gzip -6 > "$target"'
    subprocess.run(["sh", "-c", script, "sh", target, *folders], check=True)


def main() -> int:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("blob", nargs="?", type=Path)
    parser.add_argument("--repeat", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="store-bench-") as folder:
        blob = arguments.blob or Path(folder, "sample.tar.gz")
        if arguments.blob is None:
            _pack_sample(blob)
        print(table([measure(blob, arguments.repeat)]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
