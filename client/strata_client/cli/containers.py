"""Containers as rows of a table, and the lists they come in."""

import time
from collections.abc import Sequence

from strata.runtime.v1.container_pb2 import Container
from strata.runtime.v1.runtime_pb2 import ListContainersRequest, ListContainersResponse

from strata.runtime.v1 import container_pb2
from strata_client.cli.names import command_text, familiar, short_id
from strata_client.cli.quantities import ago_text, local_text, seconds_of, span_text
from strata_client.cli.tables import paged
from strata_client.gateway import Gateway

STATES = {
    "created": Container.STATE_CREATED,
    "running": Container.STATE_RUNNING,
    "paused": Container.STATE_PAUSED,
    "restarting": Container.STATE_RESTARTING,
    "exited": Container.STATE_EXITED,
    "removing": Container.STATE_REMOVING,
    "dead": Container.STATE_DEAD,
}
_STATE_NAMES = {number: name for name, number in STATES.items()}
_HEALTH = {
    container_pb2.Health.STATUS_STARTING: " (health: starting)",
    container_pb2.Health.STATUS_HEALTHY: " (healthy)",
    container_pb2.Health.STATUS_UNHEALTHY: " (unhealthy)",
}
_PAGE_SIZE = 500


def list_containers(gateway: Gateway, request: ListContainersRequest) -> list[Container]:
    """All containers that a request asks for, newest first."""

    def fetch(token: str) -> tuple[Sequence[Container], str]:
        request.page_size, request.page_token = _PAGE_SIZE, token
        page = gateway.call(request, ListContainersResponse)
        return page.containers, page.next_page_token

    return paged(fetch)


def state_name(container: Container) -> str:
    """State in docker's word."""
    return _STATE_NAMES.get(container.state, "unknown")


def status_text(container: Container) -> str:
    """State in a few words: "Up 3 minutes (healthy)", "Exited (0) 2 hours ago"."""
    name = state_name(container)
    if name in {"running", "paused"}:
        up = span_text(max(time.time() - seconds_of(container.start_time), 0))
        return f"Up {up}{' (Paused)' if name == 'paused' else _HEALTH.get(container.health.status, '')}"
    if name in {"exited", "restarting"}:
        return f"{name.capitalize()} ({container.exit_code}) {ago_text(container.finish_time)}"
    return "Removal In Progress" if name == "removing" else name.capitalize()


def ports_text(container: Container) -> str:
    """Published ports: "0.0.0.0:8080->80/tcp"; those that are only exposed without an arrow."""
    published = [
        f"{_host(port.host_ip)}:{port.host_port}->{port.container_port}/{port.protocol or 'tcp'}"
        for port in container.ports
    ]
    inside = {f"{port.container_port}/{port.protocol or 'tcp'}" for port in container.ports}
    exposed = [port for port in container.spec.exposed_ports if port not in inside]
    return ", ".join(published + exposed)


def _host(address: str) -> str:
    return f"[{address}]" if ":" in address else address or "0.0.0.0"  # noqa: S104


def _mounts_text(container: Container, *, is_cut: bool) -> str:
    names = [mount.name or mount.source for mount in container.mount_points]
    return ",".join(f"{name[:14]}…" if is_cut and len(name) > 15 else name for name in names)  # noqa: PLR2004


def row_of(container: Container, *, is_cut: bool = True) -> dict[str, str]:
    """The container's fields by the names that ``--format`` knows."""
    return {
        "ID": short_id(container.id) if is_cut else container.id,
        "Image": familiar(container.spec.image),
        "Command": command_text(container.args, is_cut=is_cut),
        "CreatedAt": local_text(container.create_time),
        "RunningFor": ago_text(container.create_time),
        "Ports": ports_text(container),
        "State": state_name(container),
        "Status": status_text(container),
        "Names": container.name,
        "Labels": ",".join(f"{key}={value}" for key, value in sorted(container.spec.labels.items())),
        "Mounts": _mounts_text(container, is_cut=is_cut),
        "Networks": ",".join(network.network for network in container.networks),
        "Size": "",
    }
