"""Which servers may answer for a registry, in which order, and how they are spoken to.

Sources: docker's ``registry/service_v2.go`` (mirrors before the registry itself; http only where it is allowed) and
``insecure-registries`` (hosts or networks).
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from strata_registry.core.redirect import is_private_host

_DOCKER_HUB = "docker.io"
_DOCKER_HUB_SERVER = "registry-1.docker.io"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One server: ``base_url`` ends without a slash, and ``/v2/`` is appended to it.

    ``registry`` is the name in references, for which credentials are looked up unless it is a mirror's own host.
    """

    registry: str
    base_url: str
    is_mirror: bool = False
    verify_tls: bool = True

    @property
    def host(self) -> str:
        """Name the server with its port, without credentials."""
        return urlsplit(self.base_url).netloc

    @property
    def is_private(self) -> bool:
        """Tell whether the operator's or the user's own words name an address that is not public."""
        return is_private_host(urlsplit(self.base_url).hostname or "")

    @property
    def credential_host(self) -> str:
        """Name whose credentials may be sent to this server: a mirror never gets those of the registry."""
        return self.host if self.is_mirror else self.registry


@dataclass(frozen=True, slots=True)
class EndpointRules:
    """What the operator says: mirrors by registry, in order; hosts and networks that may go without TLS."""

    mirrors: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    insecure: tuple[str, ...] = ()


def endpoints_of(registry: str, rules: EndpointRules, *, for_writing: bool = False) -> tuple[Endpoint, ...]:
    """List the servers for a registry in the order they are to be asked; only the registry itself takes writes."""
    mirrors = () if for_writing else rules.mirrors.get(registry, ())
    servers = [endpoint for url in mirrors for endpoint in _mirror(registry, url, rules)]
    host = _DOCKER_HUB_SERVER if registry == _DOCKER_HUB else registry
    return (*servers, *_of_host(registry, host, rules, is_mirror=False))


def may_go_without_tls(host: str, insecure: tuple[str, ...]) -> bool:
    """Tell whether plain http, or a certificate nobody vouches for, will do for ``host[:port]``."""
    name = (urlsplit(f"//{host}").hostname or "").lower()
    if name == "localhost" or host.lower() in insecure or name in insecure:
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    return address.is_loopback or any(address in network for network in _networks(insecure))


def _mirror(registry: str, url: str, rules: EndpointRules) -> tuple[Endpoint, ...]:
    """Take a mirror's scheme as it is written; a bare host follows the rules of any host."""
    parts = urlsplit(url if "://" in url else f"//{url}")
    path = parts.path.rstrip("/").removesuffix("/v2")
    if parts.scheme:
        verify = not may_go_without_tls(parts.netloc, rules.insecure)
        return (Endpoint(registry, f"{parts.scheme}://{parts.netloc}{path}", is_mirror=True, verify_tls=verify),)
    return tuple(
        Endpoint(registry, endpoint.base_url + path, is_mirror=True, verify_tls=endpoint.verify_tls)
        for endpoint in _of_host(registry, parts.netloc, rules, is_mirror=True)
    )


def _of_host(registry: str, host: str, rules: EndpointRules, *, is_mirror: bool) -> tuple[Endpoint, ...]:
    if not may_go_without_tls(host, rules.insecure):
        return (Endpoint(registry, f"https://{host}", is_mirror=is_mirror),)
    return (
        Endpoint(registry, f"https://{host}", is_mirror=is_mirror, verify_tls=False),
        Endpoint(registry, f"http://{host}", is_mirror=is_mirror, verify_tls=False),
    )


def _networks(insecure: tuple[str, ...]) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    return [ipaddress.ip_network(entry, strict=False) for entry in insecure if _is_network(entry)]


def _is_network(entry: str) -> bool:
    try:
        ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return False
    return True
