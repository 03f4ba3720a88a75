"""Which subnets a network may have, given where the host already routes to."""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_network

from strata_chassis.errors import Conflict, InvalidArgument, ResourceExhausted

Subnet = IPv4Network | IPv6Network

# As Docker's default pools, so that the same ranges are kept clear of: 172.17.0.0/16 to 172.31.0.0/16, then
# 192.168.0.0/20 to 192.168.240.0/20; and then, so that they never run out, 10.0.0.0/20 and on.
_RUNS = (("172.17.0.0/16", 15), ("192.168.0.0/20", 16), ("10.0.0.0/20", 4096))
CANDIDATES = sum(count for _, count in _RUNS)
"""How many subnets there are to choose from."""


def candidate(number: int) -> IPv4Network:
    """Return one of the subnets to choose from, counted round."""
    left = number % CANDIDATES
    for text, count in _RUNS:
        first = IPv4Network(text)
        if left < count:
            return IPv4Network((int(first.network_address) + left * first.num_addresses, first.prefixlen))
        left -= count
    raise AssertionError(number)


def parse_subnet(text: str) -> Subnet:
    """Read a subnet in CIDR form; raise InvalidArgument if host bits are set or too few addresses are left."""
    try:
        subnet = ip_network(text)
    except ValueError as error:
        message = f"invalid subnet {text!r}: {error}"
        raise InvalidArgument(message, reason="SUBNET_INVALID", metadata={"subnet": text}) from error
    if subnet.num_addresses < 4:  # noqa: PLR2004 - network, gateway, one container, broadcast
        message = f"subnet {text} is too small: it has no room for a gateway and a container"
        raise InvalidArgument(message, reason="SUBNET_TOO_SMALL", metadata={"subnet": text})
    return subnet


def check_free(subnet: Subnet, used: Iterable[Subnet]) -> Subnet:
    """Return ``subnet`` if it overlaps none of ``used``; raise Conflict otherwise. Default routes do not count."""
    for other in used:
        if _overlap(subnet, other):
            message = f"subnet {subnet} overlaps with {other}, which this host already routes"
            metadata = {"subnet": str(subnet), "other": str(other)}
            raise Conflict(message, reason="SUBNET_IN_USE", metadata=metadata)
    return subnet


def pick_ipv4(used: Iterable[Subnet], first: int = 0) -> IPv4Network:
    """Return a candidate that overlaps none of ``used``; raise ResourceExhausted if there is none.

    The search begins with the candidate of number ``first``, and goes all round.
    """
    taken = tuple(used)
    for number in range(first, first + CANDIDATES):
        chosen = candidate(number)
        if not any(_overlap(chosen, other) for other in taken):
            return chosen
    message = "all candidate subnets overlap with routes of this host: name one"
    raise ResourceExhausted(message, reason="SUBNETS_EXHAUSTED")


def gateway_of(subnet: Subnet) -> str:
    """Return the address the bridge itself has, unless told otherwise: the first for hosts."""
    return str(subnet.network_address + 1)


def _overlap(one: Subnet, other: Subnet) -> bool:
    if other.prefixlen == 0:
        return False
    if isinstance(one, IPv4Network):
        return isinstance(other, IPv4Network) and one.overlaps(other)
    return isinstance(other, IPv6Network) and one.overlaps(other)
