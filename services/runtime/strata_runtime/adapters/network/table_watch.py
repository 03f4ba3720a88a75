"""Noticing that somebody removed our nftables table: reloading a firewall often begins with ``nft flush ruleset``."""

import errno
import socket
import struct

from strata_runtime.adapters.network.netlink import NetlinkSocket, Request, messages
from strata_runtime.adapters.network.pyroute import NETLINK_NETFILTER, NFNL_SUBSYS_NFTABLES, NFPROTO_INET

_SOL_NETLINK = 270
_ADD_MEMBERSHIP = 1
_GROUP_NFTABLES = 7  # NFNLGRP_NFTABLES
_GET_TABLE, _DELETE_TABLE = 1, 2  # NFT_MSG_GETTABLE, NFT_MSG_DELTABLE
_FAMILY_HEADER = struct.Struct("!BBH")
_ATTRIBUTE = struct.Struct("=HH")
_TABLE_NAME = 1  # NFTA_TABLE_NAME
_BYTES_AT_ONCE = 1 << 16


class TableWatch:
    """A socket that becomes readable when something about nftables changes."""

    def __init__(self, table: str) -> None:
        self._name = _attribute(table)
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, NETLINK_NETFILTER)
        self._socket.bind((0, 0))
        self._socket.setsockopt(_SOL_NETLINK, _ADD_MEMBERSHIP, _GROUP_NFTABLES)

    def fileno(self) -> int:
        """Return the descriptor to wait for."""
        return self._socket.fileno()

    def may_be_lost(self) -> bool:
        """Read what has changed; tell whether our table was removed, be it by ourselves to replace it."""
        is_lost = False
        while True:
            try:
                datagram = self._socket.recv(_BYTES_AT_ONCE)
            except BlockingIOError:
                return is_lost
            except OSError as error:
                if error.errno != errno.ENOBUFS:  # more has changed than there was room for
                    raise
                is_lost = True
            else:
                is_lost = is_lost or any(self._is_removal(kind, message) for kind, message in messages(datagram))

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def _is_removal(self, kind: int, message: bytes) -> bool:
        return kind == (NFNL_SUBSYS_NFTABLES << 8 | _DELETE_TABLE) and self._name in message


def has_table(table: str) -> bool:
    """Tell whether there is a table of this name in family inet."""
    body = _FAMILY_HEADER.pack(NFPROTO_INET, 0, 0) + _attribute(table)
    with NetlinkSocket(NETLINK_NETFILTER) as netlink:
        try:
            netlink.burst([Request(body, NFNL_SUBSYS_NFTABLES << 8 | _GET_TABLE, f"get table {table}")])
        except FileNotFoundError:
            return False
    return True


def _attribute(name: str) -> bytes:
    value = name.encode() + b"\0"
    size = _ATTRIBUTE.size + len(value)
    return _ATTRIBUTE.pack(size, _TABLE_NAME) + value + bytes(-size % 4)
