"""The sockets of the distribution API."""

import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web

from strata_chassis.errors import InvalidArgument, Unavailable

_SHUTDOWN_S = 5.0


@asynccontextmanager
async def listening(
    application: web.Application, addresses: Sequence[str], certificate: Path | None, key: Path | None
) -> AsyncIterator[None]:
    """Serve on ``host:port`` addresses, with TLS if there is a certificate, for as long as the block lasts.

    A client that goes away cancels its handler: nothing is done for nobody.
    """
    runner = web.AppRunner(application, access_log=None, handler_cancellation=True, shutdown_timeout=_SHUTDOWN_S)
    await runner.setup()
    try:
        for text in addresses:
            await _site(runner, text, _tls(certificate, key)).start()
        yield
    except OSError as error:
        raise Unavailable(
            f"cannot serve HTTP on {', '.join(addresses)}: {error.strerror}", reason="LISTEN_FAILED"
        ) from error
    finally:
        await runner.cleanup()


def _site(runner: web.AppRunner, text: str, context: ssl.SSLContext | None) -> web.TCPSite:
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdigit():
        raise InvalidArgument(f"{text!r} is not HOST:PORT", reason="CONFIG_INVALID", metadata={"value": text})
    return web.TCPSite(runner, host.strip("[]") or None, int(port), ssl_context=context)


def _tls(certificate: Path | None, key: Path | None) -> ssl.SSLContext | None:
    if certificate is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    return context
