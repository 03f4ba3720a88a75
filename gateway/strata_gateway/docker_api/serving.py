"""Serve the Docker API at its addresses."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from strata_chassis import endpoint
from strata_chassis.errors import InvalidArgument
from strata_chassis.tls import TlsFiles
from strata_gateway.docker_api.api import DockerApi
from strata_gateway.web.server import WebServer

if TYPE_CHECKING:
    import ssl


@asynccontextmanager
async def docker_served(
    api: DockerApi, addresses: Sequence[str], socket_group: str, tls: TlsFiles | None
) -> AsyncIterator[None]:
    """Answer docker's clients within the block; over TCP only those with a certificate."""
    server = WebServer(api.answer)
    async with AsyncExitStack() as stack:
        for address in addresses:
            place = endpoint.parse(address)
            if isinstance(place, endpoint.UnixEndpoint):
                await stack.enter_async_context(server.listening_on_unix(place.path, socket_group))
            else:
                context = _context(tls, address)
                await stack.enter_async_context(server.listening_on_tcp(place.host, place.port, context))
        yield


def _context(tls: TlsFiles | None, address: str) -> "ssl.SSLContext":
    if tls is None:
        raise InvalidArgument(
            f"{address} needs tls-cert, tls-key and tls-ca: TCP is served with mutual TLS only",
            reason="TLS_REQUIRED",
            metadata={"endpoint": address},
        )
    import ssl

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(tls.ca))
    context.load_cert_chain(tls.cert, tls.key)
    context.verify_mode = ssl.CERT_REQUIRED
    return context
