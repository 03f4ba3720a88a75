"""Names to addresses, with two exceptions from what the system says."""

import socket

from aiohttp import ThreadedResolver
from aiohttp.abc import AbstractResolver, ResolveResult

from strata_registry.core.redirect import is_loopback_name, is_private_host

_LOOPBACK = (("127.0.0.1", socket.AF_INET), ("::1", socket.AF_INET6))


class PrivateAddressError(OSError):
    """A name that somebody else gave us has an address that is not public."""


class HostResolver(AbstractResolver):
    """Asks the system, but knows localhost itself: some hosts have no entry for it. Source: RFC 6761, 6.3."""

    def __init__(self) -> None:
        self._system = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Resolve a name. Raises OSError."""
        if not is_loopback_name(host):
            return await self._system.resolve(host, port, family)
        return [
            ResolveResult(hostname=host, host=address, port=port, family=kind, proto=0, flags=socket.AI_NUMERICHOST)
            for address, kind in _LOOPBACK
            if family in {kind, socket.AF_UNSPEC}
        ]

    async def close(self) -> None:
        """Close the system's resolver."""
        await self._system.close()


class PublicResolver(AbstractResolver):
    """Keeps to itself addresses that are not public: the name in a redirect may point inside."""

    def __init__(self, resolver: AbstractResolver) -> None:
        self._resolver = resolver

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Resolve to public addresses only. Raises PrivateAddressError when none is left, and OSError."""
        found = await self._resolver.resolve(host, port, family)
        public = [entry for entry in found if not is_private_host(entry["host"])]
        if not public:
            raise PrivateAddressError(None, f"{host} has no public address; see allow_private_redirects")
        return public

    async def close(self) -> None:
        """Close the resolver below."""
        await self._resolver.close()


async def refuse_private(resolver: AbstractResolver, host: str) -> None:
    """Raise PrivateAddressError for a name that has one inside; names that only a proxy knows are its matter."""
    try:
        found = await resolver.resolve(host)
    except OSError:
        found = []
    if is_private_host(host) or any(is_private_host(entry["host"]) for entry in found):
        raise PrivateAddressError(None, f"{host} has an address that is not public; see allow_private_redirects")
