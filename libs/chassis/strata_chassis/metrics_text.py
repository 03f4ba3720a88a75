"""Metrics as text. Source: prometheus.io/docs/instrumenting/exposition_formats, "Text-based format" 0.0.4."""

from collections.abc import Callable, Iterable, Iterator

from strata_chassis.prometheus_core import Metric, Sample, floatToGoString

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_number: Callable[[float], str] = floatToGoString  # has no types
_HELP_ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n"})
_LABEL_ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})


def render(metrics: Iterable[Metric]) -> bytes:
    """Return the text of counters, gauges, histograms and summaries, without OpenMetrics' creation times."""
    return "".join(line for metric in metrics for line in _family(metric)).encode()


def _family(metric: Metric) -> Iterator[str]:
    name = f"{metric.name}_total" if metric.type == "counter" else metric.name
    yield f"# HELP {name} {metric.documentation.translate(_HELP_ESCAPES)}\n"
    yield f"# TYPE {name} {metric.type}\n"
    for sample in metric.samples:
        if sample.name != f"{metric.name}_created":
            yield _line(sample)


def _line(sample: Sample) -> str:
    labels = ",".join(f'{key}="{value.translate(_LABEL_ESCAPES)}"' for key, value in sorted(sample.labels.items()))
    braced = f"{{{labels}}}" if labels else ""
    return f"{sample.name}{braced} {_number(sample.value)}\n"
