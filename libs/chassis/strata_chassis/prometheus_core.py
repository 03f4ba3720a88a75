"""prometheus-client's metric types without its HTTP servers.

Its ``__init__`` imports http.server, wsgiref, urllib and email for exporters that we do not use: 5 MB in every process
of the suite.
"""

from strata_chassis.packages import enter_package

_package = enter_package("prometheus_client")

from prometheus_client.metrics import Counter, Gauge, Histogram  # noqa: E402 - the package has to be entered first
from prometheus_client.metrics_core import Metric  # noqa: E402
from prometheus_client.registry import Collector, CollectorRegistry  # noqa: E402
from prometheus_client.samples import Sample  # noqa: E402
from prometheus_client.utils import floatToGoString  # noqa: E402

for _type in (Counter, Gauge, Histogram, CollectorRegistry):
    vars(_package).setdefault(_type.__name__, _type)

__all__ = ["Collector", "CollectorRegistry", "Counter", "Gauge", "Histogram", "Metric", "Sample", "floatToGoString"]
