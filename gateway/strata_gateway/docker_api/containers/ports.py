"""Ports: docker's maps of bindings and the engine's mappings, both ways."""

from collections.abc import Iterable, Mapping
from typing import Any

from strata.runtime.v1 import container_pb2 as pb


def mappings_of(bindings: Mapping[str, Any] | None) -> list[pb.PortMapping]:
    """``{"80/tcp": [{"HostIp": "", "HostPort": "8080-8090"}]}`` as mappings."""
    unspecified: list[Mapping[str, str]] = [{}]
    return [_mapping(exposed, binding) for exposed, many in (bindings or {}).items() for binding in many or unspecified]


def _mapping(exposed: str, binding: Mapping[str, str]) -> pb.PortMapping:
    port, _, protocol = exposed.partition("/")
    first, _, last = (binding.get("HostPort") or "").partition("-")
    return pb.PortMapping(
        host_ip=binding.get("HostIp") or "",
        host_port=int(first or 0),
        host_port_end=int(last or 0),
        container_port=int(port),
        protocol=protocol or "tcp",
    )


def bindings_shown(mappings: Iterable[pb.PortMapping]) -> dict[str, list[dict[str, str]]]:
    """``HostConfig.PortBindings``."""
    shown: dict[str, list[dict[str, str]]] = {}
    for mapping in mappings:
        binding = {"HostIp": mapping.host_ip, "HostPort": str(mapping.host_port or "")}
        shown.setdefault(_exposed(mapping), []).append(binding)
    return shown


def network_ports_shown(container: pb.Container) -> dict[str, list[dict[str, str]] | None]:
    """``NetworkSettings.Ports``: bindings as they are, None for what is exposed and not published."""
    shown: dict[str, list[dict[str, str]] | None] = dict.fromkeys(container.spec.exposed_ports)
    if container.state not in {pb.Container.STATE_RUNNING, pb.Container.STATE_PAUSED}:
        return {}
    for mapping in container.ports:
        bindings = shown.setdefault(_exposed(mapping), None) or []
        bindings += [{"HostIp": ip, "HostPort": str(mapping.host_port)} for ip in _host_ips(mapping)]
        shown[_exposed(mapping)] = bindings
    return shown


def summary_shown(container: pb.Container) -> list[dict[str, Any]]:
    """``Ports`` of a listed container."""
    if container.state not in {pb.Container.STATE_RUNNING, pb.Container.STATE_PAUSED}:
        return []
    published = [
        {"IP": ip, "PrivatePort": m.container_port, "PublicPort": m.host_port, "Type": m.protocol or "tcp"}
        for m in container.ports
        for ip in _host_ips(m)
    ]
    taken = {_exposed(mapping) for mapping in container.ports}
    exposed = [_split(text) for text in container.spec.exposed_ports if text not in taken]
    return published + [{"PrivatePort": port, "Type": protocol} for port, protocol in exposed]


def _exposed(mapping: pb.PortMapping) -> str:
    return f"{mapping.container_port}/{mapping.protocol or 'tcp'}"


def _split(exposed: str) -> tuple[int, str]:
    port, _, protocol = exposed.partition("/")
    return int(port), protocol or "tcp"


def _host_ips(mapping: pb.PortMapping) -> list[str]:
    return [mapping.host_ip or "0.0.0.0"]  # noqa: S104 - shown, not bound
