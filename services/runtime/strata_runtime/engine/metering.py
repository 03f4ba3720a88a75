"""The runtime's metrics: counted where things happen, read from the index when they are asked for."""

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from strata_runtime.core.container.record import State
from strata_runtime.engine.parts import Parts

_MOST_LAYERS = 50
"""Layer mounts that get a label of their own; the others are counted only."""


class RuntimeCollector(Collector):
    """What is there now."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def collect(self) -> Iterator[Metric]:
        """Containers by state, and layer mounts with the containers that share each."""
        yield self._containers()
        users = self._parts.layers.users_by_key()
        mounts = GaugeMetricFamily("strata_runtime_layer_mounts", "Layers that are mounted.")
        mounts.add_metric([], len(users))
        yield mounts
        sharing = GaugeMetricFamily(
            "strata_runtime_layer_mount_containers",
            "Containers on a layer, of those most shared.",
            labels=["layer"],
        )
        for key, count in sorted(users.items(), key=lambda item: -item[1])[:_MOST_LAYERS]:
            sharing.add_metric([key], count)
        yield sharing

    def describe(self) -> Iterator[Metric]:
        """Nothing in advance."""
        return iter(())

    def _containers(self) -> Metric:
        counts: dict[State, int] = {state: 0 for state in State if state}
        for entry in self._parts.containers:
            counts[entry.container.state] += 1
        family = GaugeMetricFamily("strata_runtime_containers", "Containers by state.", labels=["state"])
        for state, count in counts.items():
            family.add_metric([state.name.lower()], count)
        return family
