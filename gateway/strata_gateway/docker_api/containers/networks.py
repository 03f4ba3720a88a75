"""A container's place in networks: docker's endpoints and the engine's attachments, both ways."""

from collections.abc import Mapping
from typing import Any

from strata.runtime.v1 import container_pb2 as pb

_NETWORKS_BY_NAME = {"default": "bridge", "": "bridge"}


def network_mode_of(config: Mapping[str, Any], host: Mapping[str, Any]) -> str:
    """The first network; clients write "default" for the bridge."""
    if config.get("NetworkDisabled"):
        return "none"
    mode = host.get("NetworkMode") or ""
    return _NETWORKS_BY_NAME.get(mode, mode)


def attachments_of(networking: Mapping[str, Any] | None) -> list[pb.NetworkAttachment]:
    """``NetworkingConfig`` as attachments."""
    endpoints = (networking or {}).get("EndpointsConfig") or {}
    return [attachment_of(name, endpoint or {}) for name, endpoint in endpoints.items()]


def attachment_of(network: str, endpoint: Mapping[str, Any]) -> pb.NetworkAttachment:
    """One ``EndpointConfig`` as an attachment."""
    addresses = endpoint.get("IPAMConfig") or {}
    return pb.NetworkAttachment(
        network=_NETWORKS_BY_NAME.get(network, network),
        aliases=endpoint.get("Aliases") or (),
        ipv4_address=addresses.get("IPv4Address") or "",
        ipv6_address=addresses.get("IPv6Address") or "",
        mac_address=endpoint.get("MacAddress") or "",
    )


def endpoints_shown(container: pb.Container) -> dict[str, dict[str, Any]]:
    """``NetworkSettings.Networks``."""
    attachments = container.networks or container.spec.networks
    shown = {attachment.network: endpoint_shown(attachment) for attachment in attachments}
    mode = container.spec.network_mode or "bridge"
    return shown or ({} if mode.startswith("container:") else {mode: endpoint_shown(pb.NetworkAttachment())})


def endpoint_shown(attachment: pb.NetworkAttachment) -> dict[str, Any]:
    """One endpoint."""
    address, prefix = _split_cidr(attachment.ipv4_cidr)
    address6, prefix6 = _split_cidr(attachment.ipv6_cidr)
    asked = {"IPv4Address": attachment.ipv4_address, "IPv6Address": attachment.ipv6_address}
    return {
        "IPAMConfig": {key: value for key, value in asked.items() if value} or None,
        "Links": None,
        "Aliases": list(attachment.aliases) or None,
        "MacAddress": attachment.mac_address,
        "DriverOpts": None,
        "GwPriority": 0,
        "NetworkID": attachment.network_id,
        "EndpointID": "",
        "Gateway": attachment.ipv4_gateway,
        "IPAddress": address,
        "IPPrefixLen": prefix,
        "IPv6Gateway": attachment.ipv6_gateway,
        "GlobalIPv6Address": address6,
        "GlobalIPv6PrefixLen": prefix6,
        "DNSNames": list(attachment.aliases) or None,
    }


def _split_cidr(cidr: str) -> tuple[str, int]:
    address, _, prefix = cidr.partition("/")
    return address, int(prefix or 0)
