"""Published ports: what was asked for, and the elements of nftables maps it comes to."""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address

from strata_chassis.errors import InvalidArgument
from strata_runtime.core.network.spec import Endpoint, NetworkSpec, Protocol, PublishedPort

_LAST_PORT = 65535
_PROTOCOL_NUMBERS = {Protocol.TCP: 6, Protocol.UDP: 17}


@dataclass(frozen=True, slots=True)
class Forward:
    """One element of a map of the rule set: packets to this host address and port go to that container's.

    ``host_ip`` is empty for any of the host's addresses of the target's family.
    """

    protocol: Protocol
    host_ip: str
    host_port: int
    target_ip: str
    target_port: int

    @property
    def map_name(self) -> str:
        """Name of the map, see ``ruleset``."""
        family = ip_address(self.target_ip).version
        return f"published_{'at' if self.host_ip else 'any'}{family}"

    @property
    def key(self) -> bytes:
        """The map's key as the kernel has it: each part of a concatenation filled up to four bytes."""
        host = ip_address(self.host_ip).packed if self.host_ip else b""
        return host + _padded(_PROTOCOL_NUMBERS[self.protocol], 1) + _padded(self.host_port, 2)

    @property
    def value(self) -> bytes:
        """The map's value as the kernel has it."""
        return ip_address(self.target_ip).packed + _padded(self.target_port, 2)

    @property
    def text(self) -> str:
        """The element as nft writes it."""
        host = f"{self.host_ip} . " if self.host_ip else ""
        return f"{host}{self.protocol} . {self.host_port} : {self.target_ip} . {self.target_port}"


def wanted_ports(spec: NetworkSpec) -> tuple[PublishedPort, ...]:
    """Return what is to be published: what is named, and with ``publish_all`` all that is exposed and not named."""
    named = {(port.container_port, port.protocol) for port in spec.published}
    exposed = spec.exposed if spec.publish_all else ()
    return (
        *map(check_port, spec.published),
        *(PublishedPort(number, protocol=protocol) for number, protocol in exposed if (number, protocol) not in named),
    )


def check_port(port: PublishedPort) -> PublishedPort:
    """Return ``port`` if its numbers and address make sense; raise InvalidArgument otherwise."""
    range_end = port.host_port_end or port.host_port
    is_right = 0 < port.container_port <= _LAST_PORT and 0 <= port.host_port <= range_end <= _LAST_PORT
    if not is_right or (port.host_port_end and not port.host_port):
        message = f"invalid published port {port.host_port}-{range_end}:{port.container_port}: ports are 1 to 65535"
        raise InvalidArgument(message, reason="PORT_INVALID", metadata={"port": str(port.container_port)})
    if port.host_ip:
        _check_host_ip(port.host_ip)
    return port


@dataclass(frozen=True, slots=True)
class PortChange:
    """What stays published, what is to go and what is to come."""

    kept: tuple[PublishedPort, ...]
    dropped: tuple[PublishedPort, ...]
    added: tuple[PublishedPort, ...]


def change_of_ports(present: tuple[PublishedPort, ...], wishes: tuple[PublishedPort, ...]) -> PortChange:
    """Compare what is published with what is wished for: a wish that something present fulfils keeps it."""
    free = list(present)
    kept: list[PublishedPort] = []
    added: list[PublishedPort] = []
    for wish in wishes:
        port = next((port for port in free if _fulfils(port, wish)), None)
        if port:
            free.remove(port)
            kept.append(port)
        else:
            added.append(wish)
    return PortChange(tuple(kept), tuple(free), tuple(added))


def _fulfils(port: PublishedPort, wish: PublishedPort) -> bool:
    is_same = (port.container_port, port.protocol, port.host_ip) == (wish.container_port, wish.protocol, wish.host_ip)
    return is_same and (wish.host_port == 0 or port.host_port in candidates(wish))


def candidates(port: PublishedPort) -> Iterable[int]:
    """Return the host ports to try, in order; 0 stands for any that is free."""
    return range(port.host_port, (port.host_port_end or port.host_port) + 1)


def host_addresses(port: PublishedPort, endpoint: Endpoint) -> tuple[str, ...]:
    """Return the addresses of the host that must be free for ``port``: those of the families the endpoint speaks."""
    if port.host_ip:
        return (port.host_ip,)
    return ("0.0.0.0", "::") if endpoint.ipv6_address else ("0.0.0.0",)  # noqa: S104 - as the user asked


def forwards(port: PublishedPort, endpoint: Endpoint) -> tuple[Forward, ...]:
    """Return the map elements that make ``port``, whose host port is known by now, lead to ``endpoint``."""
    versions = (ip_address(port.host_ip).version,) if port.host_ip else (4, 6)
    targets = {4: endpoint.ipv4_address, 6: endpoint.ipv6_address}
    host_ip = "" if port.host_ip and ip_address(port.host_ip).is_unspecified else port.host_ip
    return tuple(
        Forward(port.protocol, host_ip, port.host_port, targets[version], port.container_port)
        for version in versions
        if targets[version]
    )


def _check_host_ip(address: str) -> None:
    try:
        ip_address(address)
    except ValueError as error:
        message = f"invalid host address {address!r} of a published port"
        raise InvalidArgument(message, reason="ADDRESS_INVALID", metadata={"address": address}) from error


def _padded(number: int, size: int) -> bytes:
    return number.to_bytes(size, "big").ljust(4, b"\0")
