"""The store's metrics: sums asked of the database at every scrape, and counts of what was done."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from strata_chassis.metrics import Metrics
from strata_store.adapters.content_root import ContentRoot
from strata_store.adapters.database_care import DATABASE
from strata_store.adapters.records import usage

_HELP = {
    "images": "Images stored.",
    "image_logical_bytes": "Bytes of all images' tars, if each image had its own.",
    "layers": "Layers stored.",
    "layer_logical_bytes": "Bytes of all layers' tars.",
    "stored_bytes": "Bytes on disk.",
    "file_shared_bytes": "Bytes of files that are stored in another layer already.",
    "layer_shared_bytes": "Bytes saved because images share layers.",
    "leases": "Leases that hold something.",
}


class StoredFigures(Collector):
    """Reads the sums with a connection of its own: a scrape never waits for a write."""

    def __init__(self, root: ContentRoot) -> None:
        self._root = root

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the gauges."""
        with closing(sqlite3.connect(f"file:{self._root.path / DATABASE}?mode=ro", uri=True)) as connection:
            totals = usage.totals(connection)
        totals["stored_bytes"] += self._root.records_bytes()
        for name, text in _HELP.items():
            yield GaugeMetricFamily(f"strata_store_{name}", text, value=totals[name])
        ratio = totals["image_logical_bytes"] / totals["stored_bytes"] if totals["stored_bytes"] else 1.0
        yield GaugeMetricFamily("strata_store_dedup_ratio", "Bytes of all images by bytes on disk.", value=ratio)


class Counts:
    """What the process has done so far."""

    def __init__(self, metrics: Metrics) -> None:
        self.pull_seconds = metrics.histogram("pull_seconds", "Time to make an image present.", ["result"])
        self.layers = metrics.counter("layers_ingested", "Layers asked for, by how they were had.", ["source"])
        self.ingested_bytes = metrics.counter("ingested_bytes", "Uncompressed bytes taken in.")
        self.collected_bytes = metrics.counter("collected_bytes", "Bytes that collections have freed.")
