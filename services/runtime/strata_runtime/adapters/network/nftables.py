"""Our nftables table: replaced as a whole by nft, its map elements changed over netlink."""

from collections.abc import Iterable, Sequence

from strata_chassis.errors import FailedPrecondition, Internal
from strata_runtime.adapters.network.netlink import NetlinkSocket, Request
from strata_runtime.adapters.network.programs import find_program, run_program
from strata_runtime.adapters.network.pyroute import (
    NETLINK_NETFILTER,
    NFNL_SUBSYS_NFTABLES,
    NFPROTO_INET,
    NFT_MSG_DELSETELEM,
    NFT_MSG_NEWSETELEM,
    NLM_F_CREATE,
    NLM_F_EXCL,
    nfgen_msg,
    nft_set_elem_list_msg,
)
from strata_runtime.core.network.ports import Forward

_BATCH_BEGIN = 0x10
_BATCH_END = 0x11


def apply(text: str) -> None:
    """Have nft do what ``text`` says, all of it or nothing.

    The table changes seldom, so that nft's own parser is worth a process (4 ms). Raises FailedPrecondition without nft,
    Internal if it refuses.
    """
    program = find_program("nft")
    if program is None:
        message = "nft is missing: install the package nftables"
        raise FailedPrecondition(message, reason="NFT_MISSING")
    status, complaint = run_program(program, ["-f", "-"], text)
    if status != 0:
        message = f"nft refused our rules: {complaint}"
        raise Internal(message, reason="NFT_FAILED")


class ForwardMaps:
    """The maps of published ports in our table."""

    def __init__(self, table: str) -> None:
        self._table = table
        self._netlink = NetlinkSocket(NETLINK_NETFILTER)

    def add(self, forwards: Sequence[Forward]) -> None:
        """Make the ports lead to their containers, all or none. Raises FileExistsError if one leads elsewhere."""
        self._transact(self._element(NFT_MSG_NEWSETELEM, forward, NLM_F_CREATE | NLM_F_EXCL) for forward in forwards)

    def remove(self, forwards: Sequence[Forward]) -> None:
        """Make the ports lead nowhere, all or none. Raises FileNotFoundError if one did not."""
        self._transact(self._element(NFT_MSG_DELSETELEM, forward, 0) for forward in forwards)

    def close(self) -> None:
        """Close the socket; the maps stay."""
        self._netlink.close()

    def _transact(self, elements: Iterable[Request]) -> None:
        changes = list(elements)
        if changes:
            self._netlink.burst(transaction(changes))

    def _element(self, kind: int, forward: Forward, flags: int) -> Request:
        element = {
            "attrs": [
                ("NFTA_SET_ELEM_KEY", {"attrs": [("NFTA_DATA_VALUE", forward.key)]}),
                ("NFTA_SET_ELEM_DATA", {"attrs": [("NFTA_DATA_VALUE", forward.value)]}),
            ]
        }
        body = nft_set_elem_list_msg()
        body["nfgen_family"] = NFPROTO_INET
        body["attrs"] = [
            ("NFTA_SET_ELEM_LIST_TABLE", self._table),
            ("NFTA_SET_ELEM_LIST_SET", forward.map_name),
            ("NFTA_SET_ELEM_LIST_ELEMENTS", [element]),
        ]
        return Request(body, (NFNL_SUBSYS_NFTABLES << 8) | kind, f"element {forward.text} of {forward.map_name}", flags)


def transaction(changes: Iterable[Request]) -> list[Request]:
    """Return the requests that make ``changes`` to nftables, all or none."""
    return [_border(_BATCH_BEGIN), *changes, _border(_BATCH_END)]


def _border(kind: int) -> Request:
    body = nfgen_msg()
    body["res_id"] = NFNL_SUBSYS_NFTABLES
    return Request(body, kind, "nftables transaction", is_acknowledged=False)
