"""A container's resolver address, 127.0.0.11 port 53, in its namespace: sockets of ours, and a rule that leads there.

Our sockets cannot be bound to port 53 themselves: a container that is a name server binds it on all addresses.
"""

import socket
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from strata_runtime.adapters.network.namespaces import inside
from strata_runtime.adapters.network.netlink import NetlinkSocket, Request
from strata_runtime.adapters.network.nftables import transaction
from strata_runtime.adapters.network.pyroute import (
    NETLINK_NETFILTER,
    NFNL_SUBSYS_NFTABLES,
    NFPROTO_IPV4,
    NFT_MSG_NEWCHAIN,
    NFT_MSG_NEWRULE,
    NFT_MSG_NEWTABLE,
    NLM_F_APPEND,
    NLM_F_CREATE,
    genex,
    nft_chain_msg,
    nft_rule_msg,
    nft_table_msg,
)
from strata_runtime.core.network.etcfiles import EMBEDDED_RESOLVER

_PORT = 45053
_BACKLOG = 16
_TABLE = "strata-resolver"
_CHAIN = "output"
_HOOK_LOCAL_OUT = 3
_PRIORITY_DNAT = -100
_NETWORK_HEADER, _TRANSPORT_HEADER = 1, 2
_FIRST_REGISTER, _SECOND_REGISTER = 1, 2
_DNAT = 1


def lead_to_resolver(path: Path) -> None:
    """Lead the questions asked in a namespace to its resolver sockets."""
    with inside(path), NetlinkSocket(NETLINK_NETFILTER) as netlink:
        netlink.burst(transaction([_table(), _chain(), _rule()]))


def open_resolver(path: Path) -> tuple[socket.socket, socket.socket]:
    """Open the datagram and the listening socket of a container's resolver in its namespace."""
    with inside(path):
        return _bound(socket.SOCK_DGRAM), _bound(socket.SOCK_STREAM)


def _bound(kind: socket.SocketKind) -> socket.socket:
    bound = socket.socket(socket.AF_INET, kind | socket.SOCK_NONBLOCK)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(kind is socket.SOCK_STREAM))
        bound.bind((EMBEDDED_RESOLVER, _PORT))
        if kind is socket.SOCK_STREAM:
            bound.listen(_BACKLOG)
    except BaseException:
        bound.close()
        raise
    return bound


def _table() -> Request:
    return _request(nft_table_msg(), NFT_MSG_NEWTABLE, [("NFTA_TABLE_NAME", _TABLE)])


def _chain() -> Request:
    hook = {"attrs": [("NFTA_HOOK_HOOKNUM", _HOOK_LOCAL_OUT), ("NFTA_HOOK_PRIORITY", _PRIORITY_DNAT)]}
    attributes = [
        ("NFTA_CHAIN_TABLE", _TABLE),
        ("NFTA_CHAIN_NAME", _CHAIN),
        ("NFTA_CHAIN_HOOK", hook),
        ("NFTA_CHAIN_TYPE", "nat"),
    ]
    return _request(nft_chain_msg(), NFT_MSG_NEWCHAIN, attributes)


def _rule() -> Request:
    """``ip daddr 127.0.0.11 th dport 53 dnat to 127.0.0.11:PORT``."""
    address = IPv4Address(EMBEDDED_RESOLVER).packed
    target = {"type": _DNAT, "family": NFPROTO_IPV4}
    registers = {"reg_addr_min": _FIRST_REGISTER, "reg_proto_min": _SECOND_REGISTER}
    expressions = [
        *_matches(_NETWORK_HEADER, 16, address),
        *_matches(_TRANSPORT_HEADER, 2, (53).to_bytes(2, "big")),
        genex("immediate", {"dreg": _FIRST_REGISTER, "data": _data(address)}),
        genex("immediate", {"dreg": _SECOND_REGISTER, "data": _data(_PORT.to_bytes(2, "big"))}),
        genex("nat", {**target, **registers}),
    ]
    attributes = [("NFTA_RULE_TABLE", _TABLE), ("NFTA_RULE_CHAIN", _CHAIN), ("NFTA_RULE_EXPRESSIONS", expressions)]
    return _request(nft_rule_msg(), NFT_MSG_NEWRULE, attributes, NLM_F_APPEND)


def _matches(base: int, offset: int, value: bytes) -> list[Any]:
    """Load a part of a header and compare it."""
    load = {"dreg": _FIRST_REGISTER, "base": base, "offset": offset, "len": len(value)}
    return [genex("payload", load), genex("cmp", {"sreg": _FIRST_REGISTER, "op": 0, "data": _data(value)})]


def _data(value: bytes) -> dict[str, Any]:
    return {"attrs": [("NFTA_DATA_VALUE", value)]}


def _request(body: Any, kind: int, attributes: list[tuple[str, Any]], flags: int = 0) -> Request:
    body["nfgen_family"] = NFPROTO_IPV4
    body["attrs"] = attributes
    return Request(body, (NFNL_SUBSYS_NFTABLES << 8) | kind, "lead to the resolver", flags | NLM_F_CREATE)
