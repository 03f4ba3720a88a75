"""prometheus-client's metric types without its HTTP servers.

Its ``__init__`` imports http.server, wsgiref, urllib and email for exporters that we do not use: 5 MB in every process
of the suite. So the package is entered by its submodules, past that file.
"""

import importlib.util
import sys
from types import ModuleType


def _enter_package(name: str) -> None:
    """Put an empty package ``name`` in place, whose submodules can be imported; does nothing if it is loaded."""
    spec = importlib.util.find_spec(name)
    if name in sys.modules or spec is None or spec.submodule_search_locations is None:
        return
    package = ModuleType(name, "Entered by its submodules only, see strata_chassis.prometheus_core.")
    package.__path__ = list(spec.submodule_search_locations)
    package.__spec__ = spec
    sys.modules[name] = package


_enter_package("prometheus_client")

from prometheus_client.metrics import Counter, Gauge, Histogram  # noqa: E402 - the package has to be entered first
from prometheus_client.metrics_core import Metric  # noqa: E402
from prometheus_client.registry import Collector, CollectorRegistry  # noqa: E402
from prometheus_client.samples import Sample  # noqa: E402
from prometheus_client.utils import floatToGoString  # noqa: E402

for _type in (Counter, Gauge, Histogram, CollectorRegistry):
    vars(sys.modules["prometheus_client"]).setdefault(_type.__name__, _type)

__all__ = ["Collector", "CollectorRegistry", "Counter", "Gauge", "Histogram", "Metric", "Sample", "floatToGoString"]
