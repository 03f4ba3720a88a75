"""The host's own network: what it routes, what it resolves with, and the switches we need turned."""

import socket
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from pyroute2.iproute.linux import IPRoute

from strata_runtime.core.network.etcfiles import parse_resolv_conf
from strata_runtime.core.network.spec import Resolver
from strata_runtime.core.network.subnets import Subnet

_RESOLV_CONF = Path("/etc/resolv.conf")
_SYSTEMD_RESOLV_CONF = Path("/run/systemd/resolve/resolv.conf")
_SYSTEMD_STUB = "127.0.0.53"
_SYSCTL = Path("/proc/sys/net")
_DEFAULT_MTU = 1500
_RT_TABLE_LOCAL = 255
_IFF_LOOPBACK = 8
_INNER_KINDS = frozenset({"bridge", "veth"})


def boot_id() -> str:
    """Return the name of this boot of the machine."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def resolver() -> Resolver:
    """Return what the host resolves with; behind systemd-resolved's stub, what that asks."""
    host = parse_resolv_conf(_text(_RESOLV_CONF))
    if host.nameservers == (_SYSTEMD_STUB,):
        return parse_resolv_conf(_text(_SYSTEMD_RESOLV_CONF)) if _SYSTEMD_RESOLV_CONF.exists() else host
    return host


def resolv_conf() -> str:
    """Return the host's resolv.conf as it is."""
    return _text(_RESOLV_CONF)


def hosts() -> str:
    """Return the host's hosts file as it is."""
    return _text(Path("/etc/hosts"))


def routed_subnets() -> tuple[Subnet, ...]:
    """Return the destinations of all routes but the default ones and those of single local addresses."""
    with IPRoute() as rtnl:
        routes = [*rtnl.get_routes(family=socket.AF_INET), *rtnl.get_routes(family=socket.AF_INET6)]
    return tuple(
        ip_network(f"{route.get_attr('RTA_DST')}/{route['dst_len']}")
        for route in routes
        if route.get_attr("RTA_DST") and route.get_attr("RTA_TABLE") != _RT_TABLE_LOCAL
    )


def outgoing_mtu() -> int:
    """Return the largest packet that leaves the host whole: that of the default route's link, at most 1500 bytes."""
    with IPRoute() as rtnl:
        for route in rtnl.get_default_routes(family=socket.AF_INET):
            for link in rtnl.get_links(route.get_attr("RTA_OIF")):
                return min(_DEFAULT_MTU, int(link.get_attr("IFLA_MTU")))
    return _DEFAULT_MTU


def ports_of(bridge_index: int) -> frozenset[str]:
    """Return the names of a bridge's ports."""
    with IPRoute() as rtnl:
        return frozenset(link.get_attr("IFLA_IFNAME") for link in rtnl.get_links(master=bridge_index))


def outer_links() -> frozenset[str]:
    """Return the names of the links that may lead to other hosts: not loopback, bridges and cables to namespaces."""
    with IPRoute() as rtnl:
        return frozenset(link.get_attr("IFLA_IFNAME") for link in rtnl.get_links() if not _is_inner(link))


def _is_inner(link: Any) -> bool:
    return link["flags"] & _IFF_LOOPBACK or link.get_nested("IFLA_LINKINFO", "IFLA_INFO_KIND") in _INNER_KINDS


def bridges() -> frozenset[str]:
    """Return the names of all bridges of the host, whoever made them."""
    with IPRoute() as rtnl:
        return frozenset(link.get_attr("IFLA_IFNAME") for link in rtnl.get_links(kind="bridge"))


def addresses_of(link_index: int) -> Iterator[tuple[str, int]]:
    """Yield address and prefix length of each of a link's addresses."""
    with IPRoute() as rtnl:
        for address in rtnl.get_addr(index=link_index):
            yield address.get_attr("IFA_ADDRESS"), address["prefixlen"]


def filters_bridged_packets() -> bool:
    """Tell whether bridges hand the packets they forward to netfilter (br_netfilter, as Kubernetes wants it)."""
    switch = _SYSCTL / "bridge/bridge-nf-call-iptables"
    return switch.exists() and switch.read_text().strip() == "1"


def read_sysctl(name: str) -> str:
    """Return a setting below net, such as ``ipv4/ip_forward``, of the calling thread's network namespace."""
    return (_SYSCTL / name).read_text().strip()


def write_sysctl(name: str, value: str) -> None:
    """Change a setting, if it is not that already: /proc/sys may be read-only where everything is set up for us."""
    if read_sysctl(name) != value:
        (_SYSCTL / name).write_text(value)


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except FileNotFoundError:
        return ""
