"""``/metrics`` of the whole suite: the figures of all services, then the services' own pages one after the other."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from strata_chassis import endpoint, metrics_text
from strata_chassis.errors import Unavailable
from strata_chassis.logs import fields
from strata_chassis.metrics_text import CONTENT_TYPE
from strata_gateway.adapters.peers import Peers
from strata_gateway.adapters.scrape import scrape
from strata_gateway.core.figures import families
from strata_gateway.engine.measure import measure
from strata_gateway.web.exchange import Exchange
from strata_gateway.web.server import WebServer

_log = logging.getLogger(__name__)


class MetricsPage:
    """Answers scrapes; ``sockets`` are the services' own pages by service."""

    def __init__(self, peers: Peers, sockets: Mapping[str, Path]) -> None:
        self._peers = peers
        self._sockets = sockets

    async def answer(self, exchange: Exchange) -> None:
        """Answer one request."""
        request = exchange.request
        if request.path != "/metrics":
            await exchange.reply_bytes(b"only /metrics is here\n", "text/plain", 404)
        elif request.method not in {"GET", "HEAD"}:
            await exchange.reply_bytes(b"GET it\n", "text/plain", 405)
        else:
            await exchange.reply_bytes(await self.render(), CONTENT_TYPE)

    async def render(self) -> bytes:
        """The page as it is now."""
        async with asyncio.TaskGroup() as group:
            figures = group.create_task(measure(self._peers))
            pages = [group.create_task(_page(socket)) for socket in self._sockets.values()]
        return metrics_text.render(families(figures.result())) + b"".join(page.result() for page in pages)


async def _page(socket: Path) -> bytes:
    try:
        return await scrape(socket)
    except Unavailable:
        return b""


@asynccontextmanager
async def metrics_served(address: str, page: MetricsPage) -> AsyncIterator[None]:
    """Serve the page at ``address`` within the block; an address that is taken costs the page, not the gateway."""
    server = WebServer(page.answer)
    place = endpoint.parse(address)
    async with AsyncExitStack() as stack:
        try:
            if isinstance(place, endpoint.UnixEndpoint):
                await stack.enter_async_context(server.listening_on_unix(place.path))
            else:
                await stack.enter_async_context(server.listening_on_tcp(place.host, place.port))
        except OSError as error:
            _log.warning("no metrics page", extra=fields(address=address, error=str(error)))
        yield
