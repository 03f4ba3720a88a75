"""Who is on a network, and under which addresses."""

import re

from strata_chassis.errors import InvalidArgument
from strata_runtime.core.network.addresses import AddressPool
from strata_runtime.core.network.definition import NetworkDefinition
from strata_runtime.core.network.names import mac_address
from strata_runtime.core.network.spec import Endpoint, EndpointSpec

_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")
_GROUP_BIT = 1


class Membership:
    """One network's addresses and members. Not thread-safe: one thread owns it."""

    def __init__(self, definition: NetworkDefinition) -> None:
        self.definition = definition
        reserved = [address for _, address in definition.reserved]
        ipv4 = [definition.ipv4_gateway, *(address for address in reserved if ":" not in address)]
        ipv6 = [definition.ipv6_gateway, *(address for address in reserved if ":" in address)]
        self._ipv4 = AddressPool(definition.ipv4, ipv4, definition.ipv4_range)
        self._ipv6 = AddressPool(definition.ipv6, ipv6, definition.ipv6_range) if definition.ipv6 else None

    @property
    def is_empty(self) -> bool:
        """Tell whether nobody is on the network."""
        return not self._ipv4.taken

    def admit(self, wish: EndpointSpec, interface: str, host_interface: str) -> Endpoint:
        """Give addresses to a newcomer: the ones wished for, or free ones; all or none."""
        network = self.definition
        ipv4 = _give(self._ipv4, wish.ipv4_address)
        try:
            mac = check_mac_address(wish.mac_address) if wish.mac_address else mac_address(ipv4)
            ipv6 = _give_ipv6(self._ipv6, wish.ipv6_address, network.name)
        except BaseException:
            self._ipv4.release(ipv4)
            raise
        return Endpoint(
            network=network.name,
            interface=interface,
            host_interface=host_interface,
            mac_address=mac,
            ipv4_address=ipv4,
            ipv4_prefix_length=network.ipv4.prefixlen,
            ipv4_gateway="" if network.internal else network.ipv4_gateway,
            ipv6_address=ipv6,
            ipv6_prefix_length=network.ipv6.prefixlen if network.ipv6 else 0,
            ipv6_gateway="" if network.internal else network.ipv6_gateway,
            aliases=wish.aliases,
        )

    def readmit(self, endpoint: Endpoint) -> None:
        """Mark the addresses of one who was admitted before we were started as taken."""
        self._ipv4.claim(endpoint.ipv4_address)
        if self._ipv6 and endpoint.ipv6_address:
            self._ipv6.claim(endpoint.ipv6_address)

    def dismiss(self, endpoint: Endpoint) -> None:
        """Take a member's addresses back."""
        self._ipv4.release(endpoint.ipv4_address)
        if self._ipv6 and endpoint.ipv6_address:
            self._ipv6.release(endpoint.ipv6_address)


def check_mac_address(text: str) -> str:
    """Return a station address in lower case; raise InvalidArgument for one that is none, or a group's."""
    lowered = text.lower().replace("-", ":")
    if not _MAC.fullmatch(lowered) or int(lowered[:2], 16) & _GROUP_BIT:
        message = f"invalid MAC address {text!r}"
        raise InvalidArgument(message, reason="MAC_ADDRESS_INVALID", metadata={"address": text})
    return lowered


def _give(pool: AddressPool, wish: str) -> str:
    return pool.claim(wish) if wish else pool.take()


def _give_ipv6(pool: AddressPool | None, wish: str, network: str) -> str:
    if pool is None:
        if wish:
            message = f"network {network} has no IPv6 for address {wish}"
            raise InvalidArgument(message, reason="NETWORK_WITHOUT_IPV6", metadata={"network": network})
        return ""
    return _give(pool, wish)
