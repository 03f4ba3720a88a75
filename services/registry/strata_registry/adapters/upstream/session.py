"""One HTTP session for all upstream registries: connections, TLS, proxies, time limits."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies_environment, proxy_bypass

import aiohttp
from aiohttp.abc import AbstractResolver

from strata_registry.adapters.upstream.resolver import HostResolver, PrivateAddressError, PublicResolver, refuse_private
from strata_registry.core.redirect import is_loopback_host

_READ_BUFFER_BYTES = 1 << 20
_USER_AGENT = "strata-registry/0.1"


@dataclass(frozen=True, slots=True)
class HttpRules:
    """How connections are made; ``certs_dir`` holds docker's HOST/{ca.crt,client.cert,client.key}."""

    ca_files: tuple[Path, ...] = ()
    certs_dir: Path = Path("/etc/docker/certs.d")
    connect_timeout_s: float = 10.0
    read_timeout_s: float = 60.0
    connections_per_host: int = 16
    allow_private_redirects: bool = False


class OversizedBody(aiohttp.ClientPayloadError):
    """The body is larger than the caller can take."""


class Trust:
    """TLS contexts by host; made once each, because loading the system's certificates takes milliseconds."""

    def __init__(self, rules: HttpRules) -> None:
        self._rules = rules
        self._contexts: dict[tuple[str, bool], ssl.SSLContext] = {}

    def context(self, host: str, *, verify: bool) -> ssl.SSLContext:
        """Return the context for ``host[:port]``."""
        key = (host if (self._rules.certs_dir / host).is_dir() else "", verify)
        if key not in self._contexts:
            self._contexts[key] = self._make(*key)
        return self._contexts[key]

    def _make(self, host: str, verify: bool) -> ssl.SSLContext:  # noqa: FBT001 (a cache's key)
        context = self._verifying() if verify else _unverified()
        if host:
            self._load_host(context, self._rules.certs_dir / host)
        return context

    def _verifying(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        for path in self._rules.ca_files:
            context.load_verify_locations(path)
        return context

    def _load_host(self, context: ssl.SSLContext, directory: Path) -> None:
        """Load a host's own authorities and client certificate. Source: docker, "Verify repository client"."""
        for path in sorted(directory.glob("*.crt")):
            context.load_verify_locations(path)
        for certificate in sorted(directory.glob("*.cert")):
            context.load_cert_chain(certificate, certificate.with_suffix(".key"))


def _unverified() -> ssl.SSLContext:
    """Make a context that trusts anybody, without loading certificates that it would not look at: 1 ms, not 30."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class Http:
    """Sends single requests; redirects and refusals are the caller's matter."""

    def __init__(
        self,
        direct: aiohttp.ClientSession,
        public: aiohttp.ClientSession,
        resolver: AbstractResolver,
        rules: HttpRules,
    ) -> None:
        self._direct = direct
        self._public = public
        self._resolver = resolver
        self.trust = Trust(rules)
        self.allow_private_redirects = rules.allow_private_redirects

    async def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | AsyncIterator[bytes] | None = None,
        verify: bool = True,
        public_only: bool = False,
    ) -> aiohttp.ClientResponse:
        """Send a request and return the answer with its body unread; ``public_only`` is for targets of redirects.

        A proxy is the operator's, and may be inside; what it is asked for is looked up here before.
        """
        proxy = proxy_for(url)
        if public_only and proxy is not None:
            await refuse_private(self._resolver, urlsplit(url).hostname or "")
        session = self._public if public_only and proxy is None else self._direct
        return await session.request(
            method,
            url,
            headers={"User-Agent": _USER_AGENT, "Accept-Encoding": "identity", **headers},
            data=body,
            allow_redirects=False,
            ssl=self.trust.context(urlsplit(url).netloc, verify=verify) if url.startswith("https:") else True,
            proxy=proxy,
        )


@asynccontextmanager
async def open_http(rules: HttpRules, resolver: AbstractResolver | None = None) -> AsyncIterator[Http]:
    """Open the sessions, and close their connections at the end; names are looked up by ``resolver``."""
    resolver = resolver or HostResolver()
    async with _session(rules, resolver) as direct, _session(rules, PublicResolver(resolver)) as public:
        yield Http(direct, public, resolver, rules)


async def read_limited(response: aiohttp.ClientResponse, limit_bytes: int) -> bytes:
    """Read a whole body into memory. Raises OversizedBody for more than ``limit_bytes``."""
    pieces: list[bytes] = []
    size = 0
    while piece := await response.content.readany():
        size += len(piece)
        if size > limit_bytes:
            raise OversizedBody(limit_bytes)
        pieces.append(piece)
    return b"".join(pieces)


def proxy_for(url: str) -> str | None:
    """Choose a proxy by HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY (either case); this host needs none."""
    parts = urlsplit(url)
    proxies = getproxies_environment()
    if not proxies or is_loopback_host(parts.hostname or "") or proxy_bypass(parts.netloc, proxies):
        return None
    return proxies.get(parts.scheme) or proxies.get("all")


def why_unreachable(error: BaseException) -> str:
    """Put a failure of the connection into few words, without addresses of proxies or credentials."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError | ssl.SSLCertVerificationError):
        return "its certificate is not trusted"
    if isinstance(error, aiohttp.ClientSSLError | ssl.SSLError):
        return "TLS failed"
    if isinstance(error, asyncio.TimeoutError):
        return "it does not answer in time"
    if isinstance(error, aiohttp.ClientConnectorDNSError) and not isinstance(error.os_error, PrivateAddressError):
        return "its name cannot be resolved"
    if isinstance(error, aiohttp.ClientOSError | OSError):
        return (error.strerror or "the connection failed").lower()
    return "the connection broke"


def _session(rules: HttpRules, resolver: AbstractResolver) -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(
        limit=0, limit_per_host=rules.connections_per_host, resolver=resolver, keepalive_timeout=30
    )
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=rules.connect_timeout_s, sock_read=rules.read_timeout_s)
    return aiohttp.ClientSession(
        connector=connector,
        timeout=timeout,
        auto_decompress=False,
        read_bufsize=_READ_BUFFER_BYTES,
        cookie_jar=aiohttp.DummyCookieJar(),
    )
