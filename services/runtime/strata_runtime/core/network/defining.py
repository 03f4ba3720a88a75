"""From what a user says of a network to its definition."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Never

from strata_chassis.errors import InvalidArgument
from strata_runtime.core.network.definition import NetworkDefinition, check_network_name
from strata_runtime.core.network.names import network_link
from strata_runtime.core.network.subnets import Subnet, check_free, gateway_of, parse_subnet, pick_ipv4

_OPTION_ICC = "com.docker.network.bridge.enable_icc"
_OPTION_LINK = "com.docker.network.bridge.name"
_OPTION_MTU = "com.docker.network.driver.mtu"
_LINK = re.compile(r"[a-zA-Z][a-zA-Z0-9_.-]{0,14}")
_MTU_RANGE = range(1280, 65536)


@dataclass(frozen=True, slots=True)
class SubnetWish:
    """A subnet as a user writes it; empty parts are filled in."""

    cidr: str = ""
    gateway: str = ""
    ip_range: str = ""
    aux_addresses: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class NetworkWish:
    """A network as a user asks for it."""

    name: str
    subnets: tuple[SubnetWish, ...] = ()
    internal: bool = False
    enable_ipv6: bool = False
    labels: tuple[tuple[str, str], ...] = ()
    options: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a new network must fit into."""

    used: tuple[Subnet, ...]
    link_prefix: str
    network_id: str
    mtu: int
    now_ns: int
    first_subnet: int = 0


@dataclass(frozen=True, slots=True)
class _Addressing:
    subnet: Subnet
    gateway: str
    give_from: Subnet | None
    reserved: tuple[tuple[str, str], ...]


def define_network(wish: NetworkWish, surroundings: Surroundings) -> NetworkDefinition:
    """Return the definition of a new network. Raises InvalidArgument, Conflict or ResourceExhausted."""
    options = dict(wish.options)
    addressings = [_addressing(each, surroundings) for each in wish.subnets if each.cidr]
    ipv4 = _only(IPv4Network, addressings) or _picked(pick_ipv4(surroundings.used, surroundings.first_subnet))
    ipv6 = _only(IPv6Network, addressings)
    if wish.enable_ipv6 and ipv6 is None:
        ipv6 = _picked(_own_ipv6(surroundings.network_id))
    return NetworkDefinition(
        name=check_network_name(wish.name),
        network_id=surroundings.network_id,
        link=_link(options, surroundings),
        ipv4=IPv4Network(ipv4.subnet),
        ipv4_gateway=ipv4.gateway,
        ipv6=IPv6Network(ipv6.subnet) if ipv6 else None,
        ipv6_gateway=ipv6.gateway if ipv6 else "",
        internal=wish.internal,
        is_open=options.get(_OPTION_ICC, "true").lower() not in {"false", "0"},
        mtu=_mtu(options, surroundings.mtu),
        ipv4_range=IPv4Network(ipv4.give_from) if ipv4.give_from else None,
        ipv6_range=IPv6Network(ipv6.give_from) if ipv6 and ipv6.give_from else None,
        reserved=ipv4.reserved + (ipv6.reserved if ipv6 else ()),
        labels=wish.labels,
        options=wish.options,
        created_ns=surroundings.now_ns,
    )


def _addressing(wish: SubnetWish, surroundings: Surroundings) -> _Addressing:
    subnet = check_free(parse_subnet(wish.cidr), surroundings.used)
    gateway = _inside(wish.gateway, subnet) if wish.gateway else gateway_of(subnet)
    reserved = tuple((name, _inside(address, subnet)) for name, address in wish.aux_addresses)
    return _Addressing(subnet, gateway, _part(wish.ip_range, subnet) if wish.ip_range else None, reserved)


def _picked(subnet: Subnet) -> _Addressing:
    return _Addressing(subnet, gateway_of(subnet), None, ())


def _only(family: type[Subnet], addressings: Iterable[_Addressing]) -> _Addressing | None:
    found = [each for each in addressings if isinstance(each.subnet, family)]
    if len(found) > 1:
        _refuse("a network has one IPv4 subnet, and one IPv6 subnet at most")
    return found[0] if found else None


def _own_ipv6(network_id: str) -> IPv6Network:
    """A subnet of unique local addresses made of the network's random id. Source: RFC 4193, 3.2."""
    digest = hashlib.sha256(network_id.encode()).digest()
    return IPv6Network((bytes([0xFD]) + digest[:7] + bytes(8), 64))


def _inside(address: str, subnet: Subnet) -> str:
    try:
        parsed = ip_address(address)
    except ValueError:
        _refuse(f"{address!r} is not an address")
    if parsed not in subnet:
        _refuse(f"address {address} is not in subnet {subnet}")
    return str(parsed)


def _part(text: str, subnet: Subnet) -> Subnet:
    try:
        part = ip_network(text, strict=False)
    except ValueError:
        _refuse(f"{text!r} is not an address range")
    is_inside = part.version == subnet.version and part[0] in subnet and part[-1] in subnet
    if not is_inside:
        _refuse(f"address range {text} is not in subnet {subnet}")
    return part


def _link(options: Mapping[str, str], surroundings: Surroundings) -> str:
    name = options.get(_OPTION_LINK) or network_link(surroundings.link_prefix, surroundings.network_id)
    if not _LINK.fullmatch(name):
        _refuse(f"{name!r} cannot be a link's name: at most 15 letters, digits, '_', '.', '-'")
    return name


def _mtu(options: Mapping[str, str], default: int) -> int:
    text = options.get(_OPTION_MTU)
    if not text:
        return default
    if not text.isascii() or not text.isdigit() or int(text[:9]) not in _MTU_RANGE:
        _refuse(f"an MTU is {_MTU_RANGE[0]} to {_MTU_RANGE[-1]}, not {text!r}")
    return int(text)


def _refuse(sentence: str) -> Never:
    raise InvalidArgument(sentence, reason="SUBNET_INVALID")
