"""Enter a package past its ``__init__``, when that imports far more than we use.

Every megabyte that an idle service holds is taken from the containers of its host.
"""

import importlib.util
import sys
from types import ModuleType


def enter_package(name: str) -> ModuleType:
    """Put an empty package ``name`` in place, whose submodules can be imported; if it is loaded, leave it alone."""
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.find_spec(name)
    if spec is None or spec.submodule_search_locations is None:
        raise ModuleNotFoundError(name=name)
    package = ModuleType(name, "Entered by its submodules only, see strata_chassis.packages.")
    package.__path__ = list(spec.submodule_search_locations)
    package.__spec__ = spec
    sys.modules[name] = package
    return package
