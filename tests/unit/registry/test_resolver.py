import socket

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from strata_registry.adapters.upstream.resolver import HostResolver, PublicResolver, refuse_private


class Fixed(AbstractResolver):
    """Answers everything with the same addresses."""

    def __init__(self, *addresses: str) -> None:
        self._addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=0)
            for address in self._addresses
        ]

    async def close(self) -> None: ...


@pytest.mark.parametrize("name", ["localhost", "LOCALHOST", "registry.localhost", "localhost."])
async def test_localhost_is_this_host_whatever_the_system_says(name: str) -> None:
    found = await HostResolver().resolve(name, 5000, socket.AF_UNSPEC)
    assert [(entry["host"], entry["port"]) for entry in found] == [("127.0.0.1", 5000), ("::1", 5000)]


async def test_a_redirect_s_name_that_points_inside_has_no_address() -> None:
    with pytest.raises(OSError, match="no public address"):
        await PublicResolver(Fixed("10.0.0.1", "169.254.169.254", "::1")).resolve("rebound.example", 443)


async def test_public_addresses_are_left() -> None:
    found = await PublicResolver(Fixed("10.0.0.1", "8.8.8.8")).resolve("cdn.example", 443)
    assert [entry["host"] for entry in found] == ["8.8.8.8"]


class Nothing(Fixed):
    """Knows no name."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        raise OSError(None, "unknown")


async def test_what_a_proxy_is_asked_for_may_not_point_inside() -> None:
    with pytest.raises(OSError, match="not public"):
        await refuse_private(Fixed("8.8.8.8", "10.0.0.1"), "rebound.example")
    await refuse_private(Fixed("8.8.8.8"), "cdn.example")


async def test_a_name_that_only_the_proxy_knows_is_left_to_it() -> None:
    await refuse_private(Nothing(), "cdn.example")
