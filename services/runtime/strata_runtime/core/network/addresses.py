"""Which addresses of a subnet are given away."""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address

from strata_chassis.errors import Conflict, InvalidArgument, ResourceExhausted

Subnet = IPv4Network | IPv6Network


class AddressPool:
    """The addresses of one subnet, each given to one holder at a time.

    ``take`` walks on from the address it gave last and comes back to freed ones only after a full round: neighbours'
    caches and connections of the last holder have then long expired. ``give_from`` is the part of the subnet to give
    from where no address is wished for. Not thread-safe: one thread owns it.
    """

    def __init__(self, subnet: Subnet, reserved: Iterable[str] = (), give_from: Subnet | None = None) -> None:
        self._subnet = subnet
        self._bounds = _bounds(subnet)
        self._first, self._last = _common(self._bounds, give_from) if give_from else self._bounds
        self._next = self._first
        self._reserved = {int(ip_address(address)) for address in reserved}
        self._taken = set(self._reserved)

    @property
    def prefix_length(self) -> int:
        """Length of the subnet's prefix in bits."""
        return self._subnet.prefixlen

    @property
    def taken(self) -> frozenset[str]:
        """The addresses given away at the moment, without the reserved ones."""
        return frozenset(self._text(number) for number in self._taken - self._reserved)

    def take(self) -> str:
        """Give away the next free address. Raises ResourceExhausted when there is none."""
        for start, end in ((self._next, self._last), (self._first, self._next - 1)):
            number = self._first_free(start, end)
            if number is not None:
                self._taken.add(number)
                self._next = self._first if number == self._last else number + 1
                return self._text(number)
        message = f"no free address is left in {self._subnet}"
        raise ResourceExhausted(message, reason="ADDRESSES_EXHAUSTED", metadata={"subnet": str(self._subnet)})

    def claim(self, address: str) -> str:
        """Give away ``address`` itself. Raises InvalidArgument outside the subnet, Conflict if it is taken."""
        number = self._number(address)
        if number in self._taken:
            message = f"address {address} is already in use"
            raise Conflict(message, reason="ADDRESS_IN_USE", metadata={"address": address})
        self._taken.add(number)
        return self._text(number)

    def release(self, address: str) -> None:
        """Take ``address`` back; one that is not given away is left alone."""
        number = int(ip_address(address))
        if number not in self._reserved:
            self._taken.discard(number)

    def _first_free(self, start: int, end: int) -> int | None:
        return next((number for number in range(start, end + 1) if number not in self._taken), None)

    def _number(self, address: str) -> int:
        try:
            parsed = ip_address(address)
        except ValueError as error:
            message = f"invalid address {address!r}"
            raise InvalidArgument(message, reason="ADDRESS_INVALID", metadata={"address": address}) from error
        if parsed not in self._subnet or not self._bounds[0] <= int(parsed) <= self._bounds[1]:
            message = f"address {address} is not one for hosts of {self._subnet}"
            metadata = {"address": address, "subnet": str(self._subnet)}
            raise InvalidArgument(message, reason="ADDRESS_NOT_IN_SUBNET", metadata=metadata)
        return int(parsed)

    def _text(self, number: int) -> str:
        return str(self._subnet.network_address + (number - int(self._subnet.network_address)))


def _common(bounds: tuple[int, int], part: Subnet) -> tuple[int, int]:
    """The addresses of ``part`` that are within ``bounds``."""
    first = int(part.network_address)
    return max(bounds[0], first), min(bounds[1], first + part.num_addresses - 1)


def _bounds(subnet: Subnet) -> tuple[int, int]:
    """First and last address for hosts: not the network's own, not IPv4's broadcast or IPv6's subnet-router anycast."""
    network, size = int(subnet.network_address), subnet.num_addresses
    return network + 1, network + size - (2 if subnet.version == 4 else 1)  # noqa: PLR2004
