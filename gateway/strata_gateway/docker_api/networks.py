"""Networks, as docker speaks of them."""

from collections.abc import Mapping
from typing import Any

from strata.runtime.v1 import container_pb2
from strata.runtime.v1 import runtime_pb2 as pb
from strata_gateway.docker_api.containers.networks import attachment_of
from strata_gateway.docker_api.filters import Filters
from strata_gateway.docker_api.parameters import understood
from strata_gateway.docker_api.routes import Routes
from strata_gateway.docker_api.times import rfc3339
from strata_gateway.engine.engine import Engine
from strata_gateway.engine.listing import all_networks
from strata_gateway.web.exchange import Exchange

_FILTERS = ("dangling", "driver", "id", "label", "name", "scope", "type")
_PREDEFINED = {"bridge", "host", "none"}


async def listed(engine: Engine, exchange: Exchange) -> None:
    """GET /networks."""
    filters = Filters.parse(exchange.request.text("filters"), _FILTERS)
    networks = [network async for network in all_networks(engine.peers) if _is_selected(network, filters)]
    await exchange.reply([network_shown(network) for network in networks])


def _is_selected(network: pb.Network, filters: Filters) -> bool:
    dangling = filters.is_true("dangling")
    kind = "builtin" if network.name in _PREDEFINED else "custom"
    return (
        (dangling is None or dangling != (bool(network.containers) or kind == "builtin"))
        and filters.matches_exactly("driver", network.driver)
        and filters.matches_exactly("scope", "local")
        and filters.matches_exactly("type", kind)
        and filters.matches_any("id", [network.id])
        and filters.matches_any("name", [network.name])
        and filters.matches_labels(network.labels)
    )


def network_shown(network: pb.Network) -> dict[str, Any]:
    """One network."""
    return {
        "Name": network.name,
        "Id": network.id,
        "Created": rfc3339(network.create_time),
        "Scope": "local",
        "Driver": network.driver,
        "EnableIPv4": True,
        "EnableIPv6": network.enable_ipv6,
        "IPAM": {"Driver": "default", "Options": None, "Config": [_subnet_shown(subnet) for subnet in network.subnets]},
        "Internal": network.internal,
        "Attachable": network.attachable,
        "Ingress": False,
        "ConfigFrom": {"Network": ""},
        "ConfigOnly": False,
        "Containers": {key: _member_shown(member) for key, member in network.containers.items()},
        "Options": dict(network.options),
        "Labels": dict(network.labels),
    }


def _subnet_shown(subnet: pb.Subnet) -> dict[str, Any]:
    shown: dict[str, Any] = {"Subnet": subnet.cidr}
    optional = {"Gateway": subnet.gateway, "IPRange": subnet.ip_range, "AuxiliaryAddresses": dict(subnet.aux_addresses)}
    return shown | {key: value for key, value in optional.items() if value}


def _member_shown(member: container_pb2.NetworkAttachment) -> dict[str, Any]:
    return {
        "Name": member.aliases[0] if member.aliases else "",
        "EndpointID": "",
        "MacAddress": member.mac_address,
        "IPv4Address": member.ipv4_cidr,
        "IPv6Address": member.ipv6_cidr,
    }


async def inspect(engine: Engine, exchange: Exchange) -> None:
    """GET /networks/{id}."""
    got = await engine.peers.runtime.GetNetwork(pb.GetNetworkRequest(network=exchange.parts["id"]))
    await exchange.reply(network_shown(got.network))


async def create(engine: Engine, exchange: Exchange) -> None:
    """POST /networks/create."""
    body = await exchange.request.json()
    with understood():
        request = pb.CreateNetworkRequest(network=_network_of(body))
    made = await engine.peers.runtime.CreateNetwork(request)
    await exchange.reply({"Id": made.network.id, "Warning": ""}, 201)


def _network_of(body: Mapping[str, Any]) -> pb.Network:
    ipam = body.get("IPAM") or {}
    return pb.Network(
        name=body.get("Name") or "",
        driver=body.get("Driver") or "bridge",
        subnets=[_subnet_of(config) for config in ipam.get("Config") or ()],
        internal=bool(body.get("Internal")),
        enable_ipv6=bool(body.get("EnableIPv6")),
        attachable=bool(body.get("Attachable")),
        labels=body.get("Labels") or {},
        options=body.get("Options") or {},
    )


def _subnet_of(config: Mapping[str, Any]) -> pb.Subnet:
    return pb.Subnet(
        cidr=config.get("Subnet") or "",
        gateway=config.get("Gateway") or "",
        ip_range=config.get("IPRange") or "",
        aux_addresses=config.get("AuxiliaryAddresses") or {},
    )


async def remove(engine: Engine, exchange: Exchange) -> None:
    """DELETE /networks/{id}."""
    await engine.peers.runtime.DeleteNetwork(pb.DeleteNetworkRequest(network=exchange.parts["id"]))
    await exchange.reply_empty()


async def connect(engine: Engine, exchange: Exchange) -> None:
    """POST /networks/{id}/connect."""
    body = await exchange.request.json()
    with understood():
        request = pb.ConnectNetworkRequest(
            container=body.get("Container") or "",
            attachment=attachment_of(exchange.parts["id"], body.get("EndpointConfig") or {}),
        )
    await engine.peers.runtime.ConnectNetwork(request)
    await exchange.reply_empty(200)


async def disconnect(engine: Engine, exchange: Exchange) -> None:
    """POST /networks/{id}/disconnect."""
    body = await exchange.request.json()
    with understood():
        request = pb.DisconnectNetworkRequest(
            container=body.get("Container") or "", network=exchange.parts["id"], force=bool(body.get("Force"))
        )
    await engine.peers.runtime.DisconnectNetwork(request)
    await exchange.reply_empty(200)


ROUTES: Routes = (
    ("GET", "/networks", listed),
    ("POST", "/networks/create", create),
    ("GET", "/networks/{id}", inspect),
    ("DELETE", "/networks/{id}", remove),
    ("POST", "/networks/{id}/connect", connect),
    ("POST", "/networks/{id}/disconnect", disconnect),
)
