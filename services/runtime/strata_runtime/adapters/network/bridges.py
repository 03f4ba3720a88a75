"""Bridges on the host: the links of networks."""

import errno
import socket
from contextlib import suppress
from dataclasses import dataclass

from strata_runtime.adapters.network import host, requests
from strata_runtime.adapters.network.netlink import NetlinkSocket
from strata_runtime.core.network.definition import NetworkDefinition
from strata_runtime.core.network.names import mac_address


@dataclass(frozen=True, slots=True)
class Bridge:
    """A bridge that is there. Containers on one that ``isolates`` do not see each other."""

    index: int
    mtu: int
    isolates: bool


def ensure_bridge(netlink: NetlinkSocket, network: NetworkDefinition) -> Bridge:
    """Make a network's bridge with its addresses, or complete one that is there.

    ``route_localnet`` lets what the host sends from 127.0.0.1 to a published port out and its answers in; the rule
    set keeps containers from abusing it.
    """
    create = requests.create_bridge(network.link, mac_address(network.ipv4_gateway), network.mtu)
    netlink.burst([create], tolerate=requests.IS_THERE)
    index = socket.if_nametoindex(network.link)
    host.write_sysctl(f"ipv4/conf/{network.link}/route_localnet", "1")
    host.write_sysctl(f"ipv6/conf/{network.link}/accept_dad", "0")
    host.write_sysctl(f"ipv6/conf/{network.link}/disable_ipv6", "0" if network.ipv6 else "1")
    _ensure_address(netlink, index, network.ipv4_gateway, network.ipv4.prefixlen)
    if network.ipv6:
        _ensure_address(netlink, index, network.ipv6_gateway, network.ipv6.prefixlen)
    netlink.burst([requests.raise_link(network.link)])
    return Bridge(index, network.mtu, isolates=not network.is_open)


def remove_bridge(netlink: NetlinkSocket, link: str) -> None:
    """Remove a bridge; its ports stay, cut off. One that is not there is left alone."""
    netlink.burst([requests.delete_link(link)], tolerate={errno.ENODEV})


def has_link(link: str) -> bool:
    """Tell whether there is a link of this name."""
    with suppress(OSError):
        return socket.if_nametoindex(link) > 0
    return False


def _ensure_address(netlink: NetlinkSocket, index: int, address: str, prefix_length: int) -> None:
    netlink.burst([requests.add_address(index, address, prefix_length)], tolerate=requests.IS_THERE)
