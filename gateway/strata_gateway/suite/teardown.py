"""Remove all containers and what they left on the host."""

from collections.abc import Callable

from strata_gateway.suite.services import Layout


def remove_everything(layout: Layout, tell: Callable[[str], None]) -> None:
    """Remove all containers, then networks and mounts."""
