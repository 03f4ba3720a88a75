"""The host's own network: what it routes, what it resolves with, and the switches we need turned."""

from ipaddress import ip_network
from pathlib import Path
from socket import AF_INET
from typing import Any

from strata_runtime.adapters.network.netlink import NetlinkSocket, decode
from strata_runtime.adapters.network.pyroute import RTM_GETLINK, RTM_GETROUTE, ifinfmsg, rtmsg
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
    return tuple(
        ip_network(f"{route.get_attr('RTA_DST')}/{route['dst_len']}")
        for route in _routes()
        if route.get_attr("RTA_DST") and route.get_attr("RTA_TABLE") != _RT_TABLE_LOCAL
    )


def outgoing_mtu() -> int:
    """Return the largest packet that leaves the host whole: that of the default routes' links, at most 1500 bytes."""
    ways = {route.get_attr("RTA_OIF") for route in _routes() if route["dst_len"] == 0 and route["family"] == AF_INET}
    return min([_DEFAULT_MTU, *(int(link.get_attr("IFLA_MTU")) for link in _links() if link["index"] in ways)])


def ports_of(bridge_index: int) -> frozenset[str]:
    """Return the names of a bridge's ports."""
    return frozenset(link.get_attr("IFLA_IFNAME") for link in _links() if link.get_attr("IFLA_MASTER") == bridge_index)


def outer_links() -> frozenset[str]:
    """Return the names of the links that may lead to other hosts: not loopback, bridges and cables to namespaces."""
    return frozenset(link.get_attr("IFLA_IFNAME") for link in _links() if not _is_inner(link))


def bridges() -> frozenset[str]:
    """Return the names of all bridges of the host, whoever made them."""
    return frozenset(link.get_attr("IFLA_IFNAME") for link in _links() if _kind(link) == "bridge")


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


def _links() -> list[Any]:
    with NetlinkSocket() as netlink:
        return [decode(ifinfmsg, message) for message in netlink.dump(ifinfmsg(), RTM_GETLINK)]


def _routes() -> list[Any]:
    with NetlinkSocket() as netlink:
        return [decode(rtmsg, message) for message in netlink.dump(rtmsg(), RTM_GETROUTE)]


def _kind(link: Any) -> str | None:
    kind: str | None = link.get_nested("IFLA_LINKINFO", "IFLA_INFO_KIND")
    return kind


def _is_inner(link: Any) -> bool:
    return bool(link["flags"] & _IFF_LOOPBACK) or _kind(link) in _INNER_KINDS


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except FileNotFoundError:
        return ""
