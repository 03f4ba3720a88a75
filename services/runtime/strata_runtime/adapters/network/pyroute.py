"""The codecs of pyroute2 that we use, and no more of it: the whole would cost ten megabytes more.

Everything here imports pyroute2 through this module, which enters the package past its ``__init__``.
"""
# ruff: noqa: E402 - the package must be entered first

from strata_chassis.packages import enter_package

enter_package("pyroute2")

from pyroute2.netlink import (
    NETLINK_NETFILTER,
    NLM_F_ACK,
    NLM_F_APPEND,
    NLM_F_CREATE,
    NLM_F_DUMP,
    NLM_F_EXCL,
    NLM_F_REQUEST,
    nlmsg,
)
from pyroute2.netlink.nfnetlink import NFNL_SUBSYS_NFTABLES, nfgen_msg
from pyroute2.netlink.nfnetlink.nftsocket import (
    NFPROTO_INET,
    NFPROTO_IPV4,
    NFT_MSG_DELSETELEM,
    NFT_MSG_NEWCHAIN,
    NFT_MSG_NEWRULE,
    NFT_MSG_NEWSETELEM,
    NFT_MSG_NEWTABLE,
    nft_chain_msg,
    nft_rule_msg,
    nft_set_elem_list_msg,
    nft_table_msg,
)
from pyroute2.netlink.rtnl import (
    RTM_DELLINK,
    RTM_GETLINK,
    RTM_GETROUTE,
    RTM_NEWADDR,
    RTM_NEWLINK,
    RTM_NEWROUTE,
    RTM_SETLINK,
)
from pyroute2.netlink.rtnl.ifaddrmsg import ifaddrmsg
from pyroute2.netlink.rtnl.ifinfmsg import ifinfmsg
from pyroute2.netlink.rtnl.rtmsg import rtmsg
from pyroute2.nftables.expressions import genex

__all__ = [
    "NETLINK_NETFILTER",
    "NFNL_SUBSYS_NFTABLES",
    "NFPROTO_INET",
    "NFPROTO_IPV4",
    "NFT_MSG_DELSETELEM",
    "NFT_MSG_NEWCHAIN",
    "NFT_MSG_NEWRULE",
    "NFT_MSG_NEWSETELEM",
    "NFT_MSG_NEWTABLE",
    "NLM_F_ACK",
    "NLM_F_APPEND",
    "NLM_F_CREATE",
    "NLM_F_DUMP",
    "NLM_F_EXCL",
    "NLM_F_REQUEST",
    "RTM_DELLINK",
    "RTM_GETLINK",
    "RTM_GETROUTE",
    "RTM_NEWADDR",
    "RTM_NEWLINK",
    "RTM_NEWROUTE",
    "RTM_SETLINK",
    "genex",
    "ifaddrmsg",
    "ifinfmsg",
    "nfgen_msg",
    "nft_chain_msg",
    "nft_rule_msg",
    "nft_set_elem_list_msg",
    "nft_table_msg",
    "nlmsg",
    "rtmsg",
]
