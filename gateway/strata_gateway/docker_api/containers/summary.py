"""A listed container, and the filters of ``docker ps``. Source: Docker Engine API, ContainerList."""

import time
from typing import Any

from strata.runtime.v1 import container_pb2 as pb
from strata_gateway.docker_api.containers.health import status_word
from strata_gateway.docker_api.containers.inspect import STATES
from strata_gateway.docker_api.containers.mounts import mount_points_shown
from strata_gateway.docker_api.containers.networks import endpoints_shown
from strata_gateway.docker_api.containers.ports import summary_shown
from strata_gateway.docker_api.filters import Filters
from strata_gateway.docker_api.times import human

FILTERS = (
    *("ancestor", "before", "expose", "exited", "health", "id", "is-task", "isolation", "label", "name"),
    *("network", "publish", "since", "status", "volume"),
)


def summarised(container: pb.Container, upper_bytes: int | None = None) -> dict[str, Any]:
    """One entry of the list."""
    command = " ".join(container.args or [*container.spec.entrypoint, *container.spec.command])
    entry = {
        "Id": container.id,
        "Names": [f"/{container.name}"],
        "Image": container.spec.image,
        "ImageID": container.image_id,
        "Command": command,
        "Created": container.create_time.seconds,
        "Ports": summary_shown(container),
        "Labels": dict(container.spec.labels),
        "State": STATES.get(container.state, ""),
        "Status": status_words(container, time.time()),
        "HostConfig": {"NetworkMode": container.spec.network_mode or "bridge"},
        "NetworkSettings": {"Networks": endpoints_shown(container)},
        "Mounts": mount_points_shown(container.mount_points),
    }
    return entry if upper_bytes is None else entry | {"SizeRw": upper_bytes, "SizeRootFs": upper_bytes}


def status_words(container: pb.Container, now_s: float) -> str:
    """The column STATUS: "Up 3 minutes (healthy)", "Exited (0) 2 hours ago"."""
    up = f"Up {human(now_s - container.start_time.seconds)}"
    since_end = f"({container.exit_code}) {human(now_s - container.finish_time.seconds)} ago"
    health = status_word(container.health)
    suffix = {"none": "", "starting": " (health: starting)"}.get(health, f" ({health})")
    words = {
        pb.Container.STATE_RUNNING: f"{up}{suffix}",
        pb.Container.STATE_PAUSED: f"{up} (Paused)",
        pb.Container.STATE_RESTARTING: f"Restarting {since_end}",
        pb.Container.STATE_EXITED: f"Exited {since_end}",
        pb.Container.STATE_REMOVING: "Removal In Progress",
        pb.Container.STATE_DEAD: "Dead",
    }
    return words.get(container.state, "Created")


def is_selected(container: pb.Container, filters: Filters, image_ids: set[str] | None) -> bool:
    """Whether the filters that look at one container alone let it pass; ``image_ids`` is what "ancestor" names."""
    state = STATES.get(container.state, "")
    checks = (
        filters.matches_exactly("status", state),
        filters.matches_labels(container.spec.labels),
        filters.matches_any("name", [container.name, f"/{container.name}"]),
        not filters.get("id") or any(container.id.startswith(wanted) for wanted in filters.get("id")),
        filters.matches_exactly("health", status_word(container.health)),
        "exited" not in filters or (state == "exited" and filters.matches_exactly("exited", str(container.exit_code))),
        image_ids is None or container.image_id in image_ids,
        _is_in_network(container, filters),
        _has_volume(container, filters),
        _publishes(container, filters),
    )
    return all(checks)


def _is_in_network(container: pb.Container, filters: Filters) -> bool:
    wanted = set(filters.get("network"))
    names = {name for a in container.networks for name in (a.network, a.network_id)}
    return not wanted or bool(wanted & (names | {container.spec.network_mode or "bridge"}))


def _has_volume(container: pb.Container, filters: Filters) -> bool:
    wanted = set(filters.get("volume"))
    return not wanted or any(wanted & {p.name, p.destination, p.source} for p in container.mount_points)


def _publishes(container: pb.Container, filters: Filters) -> bool:
    wanted = {text if "/" in text else f"{text}/tcp" for text in filters.get("publish")}
    exposed = {text if "/" in text else f"{text}/tcp" for text in filters.get("expose")}
    published = {f"{port.host_port}/{port.protocol or 'tcp'}" for port in container.ports}
    return (not wanted or bool(wanted & published)) and (
        not exposed or bool(exposed & set(container.spec.exposed_ports))
    )
