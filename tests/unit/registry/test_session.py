"""Connections to upstream: trust and proxies."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp.abc import ResolveResult

from strata_registry.adapters.upstream.session import HttpRules, open_http, proxy_for, why_unreachable
from tests.fixtures.self_signed import self_signed
from tests.unit.registry.test_resolver import Fixed

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    return self_signed(tmp_path, "127.0.0.1")


@pytest.fixture
async def url(certificate: tuple[Path, Path]) -> AsyncIterator[str]:
    """A server with a certificate that nobody vouches for."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(ANSWER)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context) as server:
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/v2/"


async def status(rules: HttpRules, url: str) -> int:
    async with open_http(rules) as http, await http.send("GET", url, headers={}) as response:
        return response.status


async def test_a_certificate_that_nobody_vouches_for_is_not_trusted(tmp_path: Path, url: str) -> None:
    with pytest.raises(OSError, match="certificate") as caught:
        await status(HttpRules(certs_dir=tmp_path), url)
    assert why_unreachable(caught.value) == "its certificate is not trusted"


async def test_an_authority_of_the_operator_is_trusted(
    tmp_path: Path, certificate: tuple[Path, Path], url: str
) -> None:
    assert await status(HttpRules(ca_files=(certificate[0],), certs_dir=tmp_path), url) == 200


async def test_an_authority_of_one_host_is_trusted_for_that_host(
    tmp_path: Path, certificate: tuple[Path, Path], url: str
) -> None:
    folder = tmp_path / "certs.d" / url.removeprefix("https://").removesuffix("/v2/")
    folder.mkdir(parents=True)
    (folder / "ca.crt").write_bytes(certificate[0].read_bytes())
    assert await status(HttpRules(certs_dir=tmp_path / "certs.d"), url) == 200
    folder.rename(tmp_path / "certs.d" / "other.example")
    with pytest.raises(OSError, match="certificate"):
        await status(HttpRules(certs_dir=tmp_path / "certs.d"), url)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://ghcr.io/v2/", "http://proxy:3128"),
        ("http://ghcr.io/v2/", None),
        ("https://registry.lan/v2/", None),
        ("https://sub.registry.lan:5000/v2/", None),
        ("https://localhost:5000/v2/", None),
        ("https://127.0.0.1:5000/v2/", None),
    ],
)
def test_proxies_are_those_of_the_environment(monkeypatch: pytest.MonkeyPatch, url: str, expected: str | None) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "https_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:3128")
    monkeypatch.setenv("NO_PROXY", "registry.lan")
    assert proxy_for(url) == expected


@pytest.fixture
async def proxy(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[list[bytes]]:
    """A proxy on this host, given by a name as operators do; the requests it saw."""
    seen: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append((await reader.readuntil(b"\r\n\r\n")).split(b"\r\n", 1)[0])
        writer.write(ANSWER)
        await writer.drain()
        writer.close()

    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        monkeypatch.setenv("http_proxy", f"http://proxy.lan:{server.sockets[0].getsockname()[1]}")
        yield seen


class Names(Fixed):
    """The proxy is on this host; every other name has the address that the test says."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        if host == "proxy.lan":
            return await Fixed("127.0.0.1").resolve(host, port, socket.AF_INET)
        return await super().resolve(host, port, family)


async def public_status(address: str) -> int:
    async with (
        open_http(HttpRules(), Names(address)) as http,
        await http.send("GET", "http://cdn.example/x", headers={}, public_only=True) as response,
    ):
        return response.status


async def test_a_redirected_request_goes_by_a_proxy_whose_address_is_private(proxy: list[bytes]) -> None:
    assert await public_status("8.8.8.8") == 200
    assert proxy == [b"GET http://cdn.example/x HTTP/1.1"]


async def test_a_proxy_is_not_asked_for_a_redirect_s_name_that_points_inside(proxy: list[bytes]) -> None:
    with pytest.raises(OSError, match="not public"):
        await public_status("10.0.0.1")
    assert proxy == []
