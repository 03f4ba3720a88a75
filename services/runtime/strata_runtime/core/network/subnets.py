"""Which subnets a network may have, given where the host already routes to."""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_network

from strata_chassis.errors import Conflict, InvalidArgument, ResourceExhausted

Subnet = IPv4Network | IPv6Network

# As Docker's default pools, so that the same ranges are kept clear of: 172.17.0.0/16 to 172.31.0.0/16, then
# 192.168.0.0/20 to 192.168.240.0/20; and then, so that they never run out, 10.0.0.0/20 and on.
CANDIDATES_IPV4: tuple[IPv4Network, ...] = (
    *(IPv4Network(f"172.{second}.0.0/16") for second in range(17, 32)),
    *IPv4Network("192.168.0.0/16").subnets(new_prefix=20),
    *IPv4Network("10.0.0.0/8").subnets(new_prefix=20),
)


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

    The search begins with candidate ``first`` (of as many as there are, counted round), and goes all round.
    """
    taken = tuple(used)
    start = first % len(CANDIDATES_IPV4)
    for candidate in (*CANDIDATES_IPV4[start:], *CANDIDATES_IPV4[:start]):
        if not any(_overlap(candidate, other) for other in taken):
            return candidate
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
