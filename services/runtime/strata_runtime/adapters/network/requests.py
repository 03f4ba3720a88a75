"""Requests about links, addresses and routes (rtnetlink), as values."""

import errno
import socket
from ipaddress import ip_interface

from strata_runtime.adapters.network.netlink import Request
from strata_runtime.adapters.network.pyroute import (
    NLM_F_CREATE,
    NLM_F_EXCL,
    RTM_DELLINK,
    RTM_NEWADDR,
    RTM_NEWLINK,
    RTM_NEWROUTE,
    RTM_SETLINK,
    ifaddrmsg,
    ifinfmsg,
    rtmsg,
)

_IFF_UP = 1
_IFA_F_NODAD = 0x02
_RT_TABLE_MAIN = 254
_RTPROT_STATIC = 4
_RTN_UNICAST = 1
_ADDR_GEN_MODE_NONE = 1
_LOOPBACK_INDEX = 1

IS_THERE = frozenset({errno.EEXIST})
"""Refusals to tolerate where what was asked for may be so already."""


def raise_loopback() -> Request:
    """``lo`` up."""
    return Request(_link(_LOOPBACK_INDEX, is_up=True), RTM_SETLINK, "set lo up")


def create_bridge(name: str, mac_address: str, mtu: int) -> Request:
    """Make a bridge without spanning tree, so that a new port forwards at once.

    It has a station address of its own: otherwise it would have its ports' lowest one, and gateways would move in their
    neighbours' eyes as ports come and go.
    """
    settings = [("IFLA_BR_FORWARD_DELAY", 0), ("IFLA_BR_STP_STATE", 0)]
    info = [("IFLA_INFO_KIND", "bridge"), ("IFLA_INFO_DATA", {"attrs": settings})]
    link = [("IFLA_IFNAME", name), ("IFLA_ADDRESS", mac_address), ("IFLA_MTU", mtu)]
    body = _link(0, *link, ("IFLA_LINKINFO", {"attrs": info}))
    return Request(body, RTM_NEWLINK, f"create bridge {name}", NLM_F_CREATE | NLM_F_EXCL)


def raise_link(name: str) -> Request:
    """Set a link up."""
    return Request(_link(0, ("IFLA_IFNAME", name), is_up=True), RTM_SETLINK, f"set {name} up")


def create_veth(name: str, peer_name: str, peer_netns_fd: int, mtu: int) -> Request:
    """Make a pair: our end ``name`` here, its peer in another namespace."""
    peer = {"attrs": [("IFLA_IFNAME", peer_name), ("IFLA_NET_NS_FD", peer_netns_fd), ("IFLA_MTU", mtu)]}
    info = [("IFLA_INFO_KIND", "veth"), ("IFLA_INFO_DATA", {"attrs": [("VETH_INFO_PEER", peer)]})]
    body = _link(0, ("IFLA_IFNAME", name), ("IFLA_MTU", mtu), ("IFLA_LINKINFO", {"attrs": info}))
    return Request(body, RTM_NEWLINK, f"create veth {name}", NLM_F_CREATE | NLM_F_EXCL)


def raise_port(name: str, bridge_index: int) -> Request:
    """Make a link an active port of a bridge, without an IPv6 address of its own: it is a port, no host."""
    family = {"attrs": [("AF_INET6", {"attrs": [("IFLA_INET6_ADDR_GEN_MODE", _ADDR_GEN_MODE_NONE)]})]}
    body = _link(0, ("IFLA_IFNAME", name), ("IFLA_MASTER", bridge_index), ("IFLA_AF_SPEC", family), is_up=True)
    return Request(body, RTM_SETLINK, f"set {name} up on bridge {bridge_index}")


def tune_port(name: str, *, is_hairpin: bool, is_isolated: bool) -> Request:
    """Set whether a port of a bridge may get its own packets back, and whether it sees other isolated ports."""
    modes = [("IFLA_BRPORT_MODE", int(is_hairpin)), ("IFLA_BRPORT_ISOLATED", int(is_isolated))]
    info = [("IFLA_INFO_SLAVE_KIND", "bridge"), ("IFLA_INFO_SLAVE_DATA", {"attrs": modes})]
    body = _link(0, ("IFLA_IFNAME", name), ("IFLA_LINKINFO", {"attrs": info}))
    return Request(body, RTM_NEWLINK, f"tune port {name}")


def raise_station(index: int, mac_address: str) -> Request:
    """Give a link its station address and set it up."""
    return Request(_link(index, ("IFLA_ADDRESS", mac_address), is_up=True), RTM_NEWLINK, f"set link {index} up")


def set_master(name: str, bridge_index: int) -> Request:
    """Make a link a port of a bridge; of none with index 0, after which nobody hears from it any more."""
    body = _link(0, ("IFLA_IFNAME", name), ("IFLA_MASTER", bridge_index))
    return Request(body, RTM_SETLINK, f"set master of {name}")


def delete_link(name: str) -> Request:
    """Remove a link, and its peer with it."""
    return Request(_link(0, ("IFLA_IFNAME", name)), RTM_DELLINK, f"delete {name}")


def add_address(index: int, address: str, prefix_length: int) -> Request:
    """Add an address. IPv6 ones are usable at once: who has which is our own decision, so nobody is asked (no DAD)."""
    interface = ip_interface(f"{address}/{prefix_length}")
    body = ifaddrmsg()
    body["family"] = socket.AF_INET if interface.version == 4 else socket.AF_INET6  # noqa: PLR2004
    body["prefixlen"] = prefix_length
    body["index"] = index
    body["flags"] = 0 if interface.version == 4 else _IFA_F_NODAD  # noqa: PLR2004
    body["attrs"] = [("IFA_LOCAL", address), ("IFA_ADDRESS", address)]
    if interface.version == 4:  # noqa: PLR2004
        body["attrs"].append(("IFA_BROADCAST", str(interface.network.broadcast_address)))
    return Request(body, RTM_NEWADDR, f"add address {interface}", NLM_F_CREATE | NLM_F_EXCL)


def add_default_route(index: int, gateway: str) -> Request:
    """Send what is not local to ``gateway``."""
    body = rtmsg()
    body["family"] = socket.AF_INET6 if ":" in gateway else socket.AF_INET
    body["table"] = _RT_TABLE_MAIN
    body["proto"] = _RTPROT_STATIC
    body["type"] = _RTN_UNICAST
    body["attrs"] = [("RTA_GATEWAY", gateway), ("RTA_OIF", index)]
    return Request(body, RTM_NEWROUTE, f"add default route via {gateway}", NLM_F_CREATE | NLM_F_EXCL)


def _link(index: int, *attributes: tuple[str, object], is_up: bool = False) -> ifinfmsg:
    body = ifinfmsg()
    body["index"] = index
    if is_up:
        body["flags"] = body["change"] = _IFF_UP
    body["attrs"] = list(attributes)
    return body
