"""The kernel's table of flows (conntrack)."""

import errno
import socket
import struct
from collections.abc import Collection

from strata_runtime.adapters.network.netlink import NetlinkSocket, Request, payload
from strata_runtime.adapters.network.pyroute import NETLINK_NETFILTER
from strata_runtime.core.network.flows import is_datagram_flow_to, read_flow

_SUBSYSTEM = 1 << 8  # NFNL_SUBSYS_CTNETLINK
_GET, _DELETE = 1, 2  # IPCTNL_MSG_CT_GET, IPCTNL_MSG_CT_DELETE
_FAMILY_HEADER = struct.Struct("!BBH")
_FAMILIES = (socket.AF_INET, socket.AF_INET6)
_NO_CTNETLINK = frozenset({errno.EINVAL, errno.EOPNOTSUPP})
_AT_ONCE = 64


def forget_datagram_flows(ports: Collection[int]) -> None:
    """Forget flows of UDP to the host's ``ports``, so that their next packets go where the rule set leads now.

    Without ctnetlink in the kernel nothing is done: they then end by themselves, half a minute after they fall silent.
    """
    if not ports:
        return
    with NetlinkSocket(NETLINK_NETFILTER) as netlink:
        for family in _FAMILIES:
            header = _FAMILY_HEADER.pack(family, 0, 0)
            try:
                messages = netlink.dump(header, _SUBSYSTEM | _GET)
            except OSError as error:
                if error.errno in _NO_CTNETLINK:
                    return
                raise
            flows = filter(None, (read_flow(payload(message)[_FAMILY_HEADER.size :]) for message in messages))
            stale = [
                Request(header + flow.identity, _SUBSYSTEM | _DELETE, "forget a flow")
                for flow in flows
                if is_datagram_flow_to(flow, ports)
            ]
            for start in range(0, len(stale), _AT_ONCE):
                netlink.burst(stale[start : start + _AT_ONCE], tolerate={errno.ENOENT})
