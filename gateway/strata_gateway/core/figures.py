"""The suite's own metrics: what the services said, as families that Prometheus understands.

Every figure comes from a service; a service that did not answer leaves its families out, and ``strata_up`` says so.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from strata_chassis.prometheus_core import Metric

LAYERS_NAMED = 50
"""Layer mounts with a label of their own; all others are one ("other"), so that the number of series is bounded."""


_STATES = ("created", "running", "paused", "restarting", "exited", "removing", "dead")
_NO_CONTAINERS: dict[str, int] = dict.fromkeys(_STATES, 0)


@dataclass(frozen=True)
class RuntimeFigures:
    """Containers by state, and containers over each layer mount by its key."""

    containers: Mapping[str, int]
    layer_mounts: Mapping[str, int]


@dataclass(frozen=True)
class StoreFigures:
    """What the store holds; bytes are on disk, but ``logical_bytes``, which counts each image on its own."""

    images: int
    layers: int
    logical_bytes: int
    stored_bytes: int
    shared_bytes: int
    reclaimable_bytes: int


@dataclass(frozen=True)
class CacheFigures:
    """The registry's cache."""

    blobs: int
    bytes: int
    hits: int
    misses: int


@dataclass(frozen=True)
class Figures:
    """All that is known at one moment; None for what a silent service would have said."""

    up: Mapping[str, bool] = field(default_factory=dict)
    runtime: RuntimeFigures | None = None
    store: StoreFigures | None = None
    cache: CacheFigures | None = None


def families(figures: Figures) -> Iterator[Metric]:
    """All metric families of the figures."""
    yield _labelled("strata_up", "Whether a service answers.", "service", figures.up)
    if figures.runtime is not None:
        yield from _of_runtime(figures.runtime)
    if figures.store is not None:
        yield from _of_store(figures.store)
    if figures.cache is not None:
        yield from _of_cache(figures.cache)


def _of_runtime(runtime: RuntimeFigures) -> Iterator[Metric]:
    yield _labelled("strata_containers", "Containers by state.", "state", _NO_CONTAINERS | dict(runtime.containers))
    yield _gauge("strata_layer_mounts", "Layer mounts on this host.", len(runtime.layer_mounts))
    yield _labelled(
        "strata_layer_mount_containers",
        "Containers that share a layer mount.",
        "layer",
        dict(_bounded(runtime.layer_mounts)),
    )


def _of_store(store: StoreFigures) -> Iterator[Metric]:
    yield _gauge("strata_images", "Images in the store.", store.images)
    yield _gauge("strata_layers", "Layers in the store.", store.layers)
    yield _gauge("strata_logical_bytes", "Size if every image had its own copy.", store.logical_bytes)
    yield _gauge("strata_stored_bytes", "Size of images on disk.", store.stored_bytes)
    yield _gauge("strata_shared_bytes", "Part of it that several images use.", store.shared_bytes)
    yield _gauge("strata_reclaimable_bytes", "Part of it that nothing needs.", store.reclaimable_bytes)
    ratio = store.logical_bytes / store.stored_bytes if store.stored_bytes else 1.0
    yield _gauge("strata_dedup_ratio", "Logical size per stored size.", ratio)


def _of_cache(cache: CacheFigures) -> Iterator[Metric]:
    yield _gauge("strata_cache_blobs", "Blobs in the registry cache.", cache.blobs)
    yield _gauge("strata_cache_bytes", "Size of the registry cache on disk.", cache.bytes)
    yield _counter("strata_cache_hits", "Blobs served from the registry cache.", cache.hits)
    yield _counter("strata_cache_misses", "Blobs fetched from a registry.", cache.misses)


def _gauge(name: str, explanation: str, value: float) -> Metric:
    family = Metric(name, explanation, "gauge")
    family.add_sample(name, {}, value)
    return family


def _counter(name: str, explanation: str, value: float) -> Metric:
    family = Metric(name, explanation, "counter")
    family.add_sample(f"{name}_total", {}, value)
    return family


def _labelled(name: str, explanation: str, label: str, values: Mapping[str, float]) -> Metric:
    family = Metric(name, explanation, "gauge")
    for value in sorted(values):
        family.add_sample(name, {label: value}, float(values[value]))
    return family


def _bounded(mounts: Mapping[str, int]) -> Iterable[tuple[str, int]]:
    by_use = sorted(mounts.items(), key=lambda item: (-item[1], item[0]))
    yield from by_use[:LAYERS_NAMED]
    rest = by_use[LAYERS_NAMED:]
    if rest:
        yield "other", sum(containers for _, containers in rest)
