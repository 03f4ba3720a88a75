"""What can be configured about networks."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class NetworkConfig:
    """Where we keep things, and the shape of the default network.

    ``run_dir`` also decides the names of our links and table, see ``core.network.names``. Without a ``subnet`` a free
    one is picked. ``warm_namespaces`` are kept ready for the next containers of the default network, half as many for
    containers without one.
    """

    run_dir: Path
    state_dir: Path
    subnet: str = ""
    warm_namespaces: int = 8
