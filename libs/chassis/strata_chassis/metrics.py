"""The process's metrics: named ``strata_<service>_*``, one registry per process, passed in and never global."""

from collections.abc import Sequence

from strata_chassis import metrics_text
from strata_chassis.prometheus_core import CollectorRegistry, Counter, Gauge, Histogram

# From a unary call on a unix socket (under 1 ms) to a large pull (minutes).
DURATION_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0, 600.0)


class Metrics:
    """A registry whose names begin with ``strata_``."""

    def __init__(self, service: str) -> None:
        self.registry = CollectorRegistry()
        self._prefix = f"strata_{service}"

    def counter(self, name: str, help_text: str, labels: Sequence[str] = ()) -> Counter:
        """Return a new counter ``strata_<service>_<name>``."""
        return Counter(f"{self._prefix}_{name}", help_text, labels, registry=self.registry)

    def gauge(self, name: str, help_text: str, labels: Sequence[str] = ()) -> Gauge:
        """Return a new gauge ``strata_<service>_<name>``."""
        return Gauge(f"{self._prefix}_{name}", help_text, labels, registry=self.registry)

    def histogram(
        self, name: str, help_text: str, labels: Sequence[str] = (), buckets: Sequence[float] = DURATION_BUCKETS
    ) -> Histogram:
        """Return a new histogram ``strata_<service>_<name>``."""
        return Histogram(f"{self._prefix}_{name}", help_text, labels, registry=self.registry, buckets=buckets)

    def render(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        return metrics_text.render(self.registry.collect())
