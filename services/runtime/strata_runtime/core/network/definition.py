"""What a network is, apart from who is on it."""

import re
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network

from strata_chassis.errors import InvalidArgument

DEFAULT_NETWORK = "bridge"
RESERVED_NAMES = frozenset({"bridge", "none", "host", "default", "container"})
_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}")


@dataclass(frozen=True, slots=True)
class NetworkDefinition:
    """One bridge: its link on the host, its subnets and who may talk to whom.

    ``internal`` networks have no way out, and containers of a network without ``is_open`` (Docker's "icc") reach only
    the outside, not each other. ``ipv6`` is None for a network that speaks IPv4 only. Addresses are given from the
    ranges, where there are any, and never the ``reserved`` ones (pairs of name and address).
    """

    name: str
    network_id: str
    link: str
    ipv4: IPv4Network
    ipv4_gateway: str
    ipv6: IPv6Network | None = None
    ipv6_gateway: str = ""
    internal: bool = False
    is_open: bool = True
    mtu: int = 1500
    ipv4_range: IPv4Network | None = None
    ipv6_range: IPv6Network | None = None
    reserved: tuple[tuple[str, str], ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    options: tuple[tuple[str, str], ...] = ()
    created_ns: int = field(default=0, compare=False)

    @property
    def resolves_names(self) -> bool:
        """Tell whether containers find each other by name here: everywhere but on the default network, as in Docker."""
        return self.name != DEFAULT_NETWORK


def check_network_name(name: str) -> str:
    """Return ``name`` if a user may give it to a network; raise InvalidArgument otherwise."""
    if not _NAME.fullmatch(name):
        message = f"invalid network name {name!r}: letters, digits, '_', '.' and '-', at most 63"
        raise InvalidArgument(message, reason="NETWORK_NAME_INVALID", metadata={"network": name})
    if name in RESERVED_NAMES:
        message = f"the network name {name!r} is reserved"
        raise InvalidArgument(message, reason="NETWORK_NAME_RESERVED", metadata={"network": name})
    return name
