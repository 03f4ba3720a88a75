"""Texts of a container's /etc/resolv.conf, /etc/hosts and /etc/hostname."""

import re
from collections.abc import Iterable
from ipaddress import ip_address

from strata_chassis.errors import InvalidArgument
from strata_runtime.core.network.spec import Resolver

EMBEDDED_RESOLVER = "127.0.0.11"
FALLBACK_NAMESERVERS = ("8.8.8.8", "8.8.4.4")
HOST_GATEWAY = "host-gateway"

_NAME = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?\.?")
_OPTION = re.compile(r"[A-Za-z0-9:._-]+")
_LOCAL_NAMES = (
    ("127.0.0.1", "localhost"),
    ("::1", "localhost ip6-localhost ip6-loopback"),
    ("fe00::0", "ip6-localnet"),
    ("ff00::0", "ip6-mcastprefix"),
    ("ff02::1", "ip6-allnodes"),
    ("ff02::2", "ip6-allrouters"),
)


def parse_resolv_conf(text: str) -> Resolver:
    """Read a resolv.conf; as in glibc the last ``search`` or ``domain`` counts, ``options`` add up."""
    nameservers: list[str] = []
    search: tuple[str, ...] = ()
    options: list[str] = []
    for line in text.splitlines():
        keyword, *values = line.split() or [""]
        if keyword == "nameserver" and values:
            nameservers.append(values[0])
        elif keyword in {"search", "domain"}:
            search = tuple(values)
        elif keyword == "options":
            options.extend(values)
    return Resolver(tuple(nameservers), search, tuple(options))


def container_resolver(host: Resolver, chosen: Resolver, *, has_ipv6: bool) -> Resolver:
    """Return what a container in its own network namespace resolves with.

    The host's loopback resolvers cannot be reached from there and are left out, as are IPv6 ones where the network has
    no IPv6; if none is left, public ones stand in, as in Docker. What the user chose replaces the host's, field by
    field; a search list of only "." means none.
    """
    nameservers = chosen.nameservers or _reachable(host.nameservers, has_ipv6=has_ipv6) or FALLBACK_NAMESERVERS
    search = chosen.search or host.search
    return Resolver(nameservers, () if search == (".",) else search, chosen.options or host.options)


def check_resolver(resolver: Resolver) -> Resolver:
    """Return ``resolver`` if each word may stand in a resolv.conf; raise InvalidArgument otherwise."""
    for nameserver in resolver.nameservers:
        _check_address(nameserver)
    for domain in resolver.search:
        if domain != ".":
            check_host_name(domain)
    for option in resolver.options:
        if not _OPTION.fullmatch(option):
            message = f"invalid DNS option {option!r}"
            raise InvalidArgument(message, reason="DNS_OPTION_INVALID", metadata={"option": option})
    return resolver


def resolv_conf(resolver: Resolver) -> str:
    """Return the text of a resolv.conf."""
    lines = [f"nameserver {nameserver}" for nameserver in resolver.nameservers]
    if resolver.search:
        lines.append("search " + " ".join(resolver.search))
    if resolver.options:
        lines.append("options " + " ".join(resolver.options))
    return "".join(f"{line}\n" for line in lines)


def hosts(addresses: Iterable[str], names: Iterable[str], extra_hosts: Iterable[tuple[str, str]]) -> str:
    """Return the text of a hosts file: the usual local names, ``extra_hosts`` (name, address), then the container."""
    own = " ".join(names)
    entries = [*_LOCAL_NAMES, *((address, name) for name, address in extra_hosts)]
    if own:
        entries += [(address, own) for address in addresses]
    return "".join(f"{address}\t{name}\n" for address, name in entries)


def with_address(text: str, address: str, names: Iterable[str]) -> str:
    """Add a line for a new address of the container to its hosts file, whatever it made of the file."""
    own = " ".join(names)
    if not own:
        return text
    gap = "" if not text or text.endswith("\n") else "\n"
    return f"{text}{gap}{address}\t{own}\n"


def without_address(text: str, address: str) -> str:
    """Remove the lines of an address that the container no longer has from its hosts file."""
    lines = text.splitlines(keepends=True)
    return "".join(line for line in lines if line.split()[:1] != [address])


def own_names(hostname: str, domainname: str) -> tuple[str, ...]:
    """Return the names of a container in its own hosts file, the full one first."""
    if domainname:
        return (f"{hostname}.{domainname}", hostname)
    short = hostname.partition(".")[0]
    return (hostname,) if short == hostname else (hostname, short)


def extra_hosts(pairs: Iterable[tuple[str, str]], gateway: str) -> tuple[tuple[str, str], ...]:
    """Check pairs of name and address, and put ``gateway`` where the address is ``host-gateway``."""
    return tuple((check_host_name(name), _host_address(address, gateway)) for name, address in pairs)


def check_host_name(name: str) -> str:
    """Return ``name`` if it may stand in a hosts file; raise InvalidArgument otherwise."""
    if not _NAME.fullmatch(name) or len(name) > 253:  # noqa: PLR2004 - RFC 1035, 2.3.4
        message = f"invalid host name {name!r}"
        raise InvalidArgument(message, reason="HOST_NAME_INVALID", metadata={"name": name})
    return name


def _host_address(address: str, gateway: str) -> str:
    if address == HOST_GATEWAY:
        return gateway
    return _check_address(address)


def _check_address(address: str) -> str:
    try:
        ip_address(address)
    except ValueError as error:
        message = f"invalid address {address!r}"
        raise InvalidArgument(message, reason="ADDRESS_INVALID", metadata={"address": address}) from error
    return address


def _reachable(nameservers: Iterable[str], *, has_ipv6: bool) -> tuple[str, ...]:
    return tuple(server for server in nameservers if _is_reachable(server, has_ipv6=has_ipv6))


def _is_reachable(nameserver: str, *, has_ipv6: bool) -> bool:
    try:
        address = ip_address(nameserver.partition("%")[0])
    except ValueError:
        return False
    return not address.is_loopback and (has_ipv6 or address.version == 4)  # noqa: PLR2004
