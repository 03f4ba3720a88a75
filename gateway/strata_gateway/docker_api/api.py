"""The Docker API as one function that answers an exchange: version, route, handler, errors."""

import logging
from dataclasses import replace
from functools import partial

from strata_chassis.errors import Internal
from strata_chassis.errors_unexpected import as_strata_error
from strata_chassis.logs import fields
from strata_gateway.docker_api import events, networks, pruning, system, volumes
from strata_gateway.docker_api.containers import attaching, executing, files, lifecycle, listing, watching
from strata_gateway.docker_api.errors import body_of, message_of, status_of
from strata_gateway.docker_api.images import archives, building, naming, transfer
from strata_gateway.docker_api.images import listing as image_listing
from strata_gateway.docker_api.parameters import VERSION_PART
from strata_gateway.docker_api.unsupported import reason_for
from strata_gateway.docker_api.versions import UnsupportedVersion, split_version
from strata_gateway.engine.engine import Engine
from strata_gateway.web.exchange import Exchange
from strata_gateway.web.routing import PathUnknown, Route, Router

_log = logging.getLogger(__name__)

TABLES = (
    *(system.ROUTES, events.ROUTES, pruning.ROUTES, volumes.ROUTES, networks.ROUTES),
    *(lifecycle.ROUTES, listing.ROUTES, attaching.ROUTES, executing.ROUTES, watching.ROUTES, files.ROUTES),
    *(building.ROUTES, archives.ROUTES, image_listing.ROUTES, transfer.ROUTES, naming.ROUTES),
)


class DockerApi:
    """Answers requests of docker's clients by calls of the engine."""

    def __init__(self, engine: Engine) -> None:
        self._router = Router(
            [Route(method, pattern, partial(handler, engine)) for table in TABLES for method, pattern, handler in table]
        )

    async def answer(self, exchange: Exchange) -> None:
        """Answer one request; every failure is answered as docker would."""
        try:
            await self._route(exchange)
        except UnsupportedVersion as error:
            await exchange.reply(body_of(str(error)), 400)
        except PathUnknown:
            reason = reason_for(exchange.request.path)
            await exchange.reply(body_of(reason or "page not found"), 501 if reason else 404)
        except ConnectionError:
            raise
        except Exception as exception:  # noqa: BLE001 - the border: everything becomes a status here
            await _fail(exchange, exception)

    async def _route(self, exchange: Exchange) -> None:
        version, path = split_version(exchange.request.path)
        exchange.request = replace(exchange.request, path=path)
        handler, parts = self._router.find(exchange.request.method, path)
        exchange.parts = {**parts, VERSION_PART: str(version)}
        await handler(exchange)


async def _fail(exchange: Exchange, exception: Exception) -> None:
    """Answer with the error; once an answer has begun, breaking it off is all that is left."""
    cause = _first_leaf(exception)
    error = as_strata_error(cause)
    if isinstance(error, Internal) or exchange.has_begun:
        _log.error("a docker call failed", extra=fields(path=exchange.request.path), exc_info=cause)
    if not exchange.has_begun:
        await exchange.reply(body_of(message_of(error)), status_of(error))


def _first_leaf(exception: BaseException) -> BaseException:
    while isinstance(exception, BaseExceptionGroup):
        exception = exception.exceptions[0]
    return exception
