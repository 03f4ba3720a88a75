"""Events: what happened, in an order that a client can resume."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from strata_runtime.core.container.record import Container


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened; ``cursor`` is given when it is written down. Source: strata.runtime.v1.Event."""

    time: datetime
    type: str
    action: str
    actor_id: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    cursor: int = 0


def container_event(container: Container, action: str, time: datetime, **facts: str) -> Event:
    """An event of a container, with its name, image and labels as docker gives them."""
    attributes = {**container.spec.labels, "image": container.spec.image, "name": container.name, **facts}
    return Event(time, "container", action, container.id, attributes)
