"""Noticing what others do to nftables that concerns us.

Reloading a firewall often begins with removing everybody's tables (``nft flush ruleset``); and Docker, when it starts,
makes rules that drop our packets.
"""

import errno
import socket
import struct

from strata_runtime.adapters.network.docker import CHAIN
from strata_runtime.adapters.network.netlink import NetlinkSocket, Request, messages
from strata_runtime.adapters.network.pyroute import NETLINK_NETFILTER, NFNL_SUBSYS_NFTABLES, NFPROTO_INET

_SOL_NETLINK = 270
_ADD_MEMBERSHIP = 1
_GROUP_NFTABLES = 7  # NFNLGRP_NFTABLES
_GET_TABLE, _DELETE_TABLE, _NEW_CHAIN = 1, 2, 3  # NFT_MSG_GETTABLE, NFT_MSG_DELTABLE, NFT_MSG_NEWCHAIN
_FAMILY_HEADER = struct.Struct("!BBH")
_ATTRIBUTE = struct.Struct("=HH")
_TABLE_NAME = 1  # NFTA_TABLE_NAME
_CHAIN_NAME = 3  # NFTA_CHAIN_NAME
_BYTES_AT_ONCE = 1 << 16


class TableWatch:
    """A socket that becomes readable when something about nftables changes."""

    def __init__(self, table: str) -> None:
        self._ours = _attribute(_TABLE_NAME, table)
        self._dockers = _attribute(_CHAIN_NAME, CHAIN)
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, NETLINK_NETFILTER)
        self._socket.bind((0, 0))
        self._socket.setsockopt(_SOL_NETLINK, _ADD_MEMBERSHIP, _GROUP_NFTABLES)

    def fileno(self) -> int:
        """Return the descriptor to wait for."""
        return self._socket.fileno()

    def has_news(self) -> bool:
        """Read what has changed; tell whether it concerns us.

        That is so if our table was removed, be it by ourselves to replace it, or if Docker made its chain for users.
        """
        is_news = False
        while True:
            try:
                datagram = self._socket.recv(_BYTES_AT_ONCE)
            except BlockingIOError:
                return is_news
            except OSError as error:
                if error.errno != errno.ENOBUFS:  # more has changed than there was room for
                    raise
                is_news = True
            else:
                is_news = is_news or any(self._concerns_us(kind, message) for kind, message in messages(datagram))

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def _concerns_us(self, kind: int, message: bytes) -> bool:
        is_removal = kind == (NFNL_SUBSYS_NFTABLES << 8 | _DELETE_TABLE) and self._ours in message
        is_docker = kind == (NFNL_SUBSYS_NFTABLES << 8 | _NEW_CHAIN) and self._dockers in message
        return is_removal or is_docker


def has_table(table: str) -> bool:
    """Tell whether there is a table of this name in family inet."""
    body = _FAMILY_HEADER.pack(NFPROTO_INET, 0, 0) + _attribute(_TABLE_NAME, table)
    with NetlinkSocket(NETLINK_NETFILTER) as netlink:
        try:
            netlink.burst([Request(body, NFNL_SUBSYS_NFTABLES << 8 | _GET_TABLE, f"get table {table}")])
        except FileNotFoundError:
            return False
    return True


def _attribute(kind: int, name: str) -> bytes:
    value = name.encode() + b"\0"
    size = _ATTRIBUTE.size + len(value)
    return _ATTRIBUTE.pack(size, kind) + value + bytes(-size % 4)
