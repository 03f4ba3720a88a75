"""Networks in the contract's words."""

import hashlib
from collections.abc import Mapping

from google.protobuf.timestamp_pb2 import Timestamp
from strata.runtime.v1.container_pb2 import NetworkAttachment
from strata.runtime.v1.runtime_pb2 import Network, Subnet

from strata_runtime.core.network.defining import NetworkWish, SubnetWish
from strata_runtime.core.network.definition import NetworkDefinition
from strata_runtime.core.network.spec import Endpoint


def _predefined(name: str, driver: str) -> Network:
    return Network(id=hashlib.sha256(f"strata network {name}".encode()).hexdigest(), name=name, driver=driver)


PREDEFINED: Mapping[str, Network] = {"host": _predefined("host", "host"), "none": _predefined("none", "null")}
"""Networks that are no bridges."""


def wish_of(message: Network) -> NetworkWish:
    """Return what a user asks for."""
    return NetworkWish(
        name=message.name,
        subnets=tuple(_subnet_wish(subnet) for subnet in message.subnets),
        internal=message.internal,
        enable_ipv6=message.enable_ipv6,
        labels=tuple(sorted(message.labels.items())),
        options=tuple(sorted(message.options.items())),
    )


def network_message(network: NetworkDefinition, members: Mapping[str, Endpoint]) -> Network:
    """Return a network and who is on it, by container id."""
    created = Timestamp()
    created.FromNanoseconds(network.created_ns)
    return Network(
        id=network.network_id,
        name=network.name,
        driver="bridge",
        subnets=_subnets(network),
        internal=network.internal,
        enable_ipv6=network.ipv6 is not None,
        labels=dict(network.labels),
        options=dict(network.options),
        create_time=created,
        containers={key: attachment_message(network, endpoint) for key, endpoint in members.items()},
        attachable=True,
    )


def attachment_message(network: NetworkDefinition, endpoint: Endpoint) -> NetworkAttachment:
    """Return a container's place on a network."""
    return NetworkAttachment(
        network=network.name,
        network_id=network.network_id,
        aliases=endpoint.aliases,
        mac_address=endpoint.mac_address,
        ipv4_address=endpoint.ipv4_address,
        ipv4_cidr=f"{endpoint.ipv4_address}/{endpoint.ipv4_prefix_length}",
        ipv4_gateway=endpoint.ipv4_gateway,
        ipv6_address=endpoint.ipv6_address,
        ipv6_cidr=f"{endpoint.ipv6_address}/{endpoint.ipv6_prefix_length}" if endpoint.ipv6_address else "",
        ipv6_gateway=endpoint.ipv6_gateway,
        interface=endpoint.interface,
    )


def _subnet_wish(message: Subnet) -> SubnetWish:
    reserved = tuple(sorted(message.aux_addresses.items()))
    return SubnetWish(message.cidr, message.gateway, message.ip_range, reserved)


def _subnets(network: NetworkDefinition) -> list[Subnet]:
    ranges = [
        (network.ipv4, network.ipv4_gateway, network.ipv4_range),
        (network.ipv6, network.ipv6_gateway, network.ipv6_range),
    ]
    return [
        Subnet(
            cidr=str(subnet),
            gateway=gateway,
            ip_range=str(part or ""),
            aux_addresses={name: address for name, address in network.reserved if (":" in address) == (":" in gateway)},
        )
        for subnet, gateway, part in ranges
        if subnet
    ]
