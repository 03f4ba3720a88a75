"""What is remembered of every HTTP request: a line in the log, an observation in the histogram."""

import logging
import time
from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.typedefs import Middleware

from strata_chassis import request_id
from strata_chassis.logs import fields
from strata_chassis.metrics import Metrics

_log = logging.getLogger("strata.access")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def observing(metrics: Metrics) -> Middleware:
    """Return a middleware; routes are named by their pattern, so that the labels stay few."""
    latency = metrics.histogram(
        "http_duration_seconds", "Time of HTTP requests until the end of the answer.", ["method", "route", "code"]
    )

    @web.middleware
    async def observe(request: web.Request, handler: Handler) -> web.StreamResponse:
        started, code = time.perf_counter(), "499"
        with request_id.bound(request_id.accept(request.headers.get("X-Request-ID"))):
            try:
                response = await handler(request)
                code = str(response.status)
            finally:
                duration_s = time.perf_counter() - started
                latency.labels(request.method, _route(request), code).observe(duration_s)
                values = {"method": request.method, "path": request.path, "code": code}
                _log.info("http", extra=fields(**values, duration_ms=round(duration_s * 1000, 2)))
        return response

    return observe


def _route(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "none"
