"""What went through the cache since the service started, as figures and as metrics."""

from strata_chassis.metrics import Metrics


class Traffic:
    """Counters of the cache; the plain numbers are for GetCacheUsage, the metrics for scrapers."""

    def __init__(self, metrics: Metrics) -> None:
        self.hits = 0
        self.misses = 0
        self._requests = metrics.counter("cache_requests_total", "Blobs asked of the cache", ["result"])
        self._bytes = metrics.counter("bytes_total", "Bytes served, by where they came from", ["origin"])
        self.upstream_transfers = metrics.counter("upstream_transfers_total", "Transfers of blobs that were started")
        self.in_flight = metrics.gauge("upstream_transfers_in_flight", "Transfers of blobs that are running")
        self.evicted_blobs = metrics.counter("evicted_blobs_total", "Blobs evicted from the cache")
        self.evicted_bytes = metrics.counter("evicted_bytes_total", "Bytes evicted from the cache")
        self.revalidations = metrics.counter(
            "tag_revalidations_total", "Tags asked of a registry: unchanged, changed, or stale for want of an answer",
            ["result"],
        )  # fmt: skip
        self.cache_bytes = metrics.gauge("cache_bytes", "Bytes of whole blobs in the cache")

    def count_request(self, *, is_hit: bool) -> None:
        """Count a blob that somebody asked for."""
        if is_hit:
            self.hits += 1
        else:
            self.misses += 1
        self._requests.labels("hit" if is_hit else "miss").inc()

    def count_bytes(self, count: int, *, from_cache: bool) -> None:
        """Count bytes on their way: out of the cache, or from upstream into it."""
        self._bytes.labels("cache" if from_cache else "upstream").inc(count)
