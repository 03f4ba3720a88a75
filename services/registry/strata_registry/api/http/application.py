"""The distribution API, put together: routes, and what happens around every request."""

import logging
from collections.abc import Awaitable, Callable

from aiohttp import web

from strata_chassis.errors import Internal, StrataError
from strata_chassis.metrics import Metrics
from strata_registry.api.http import blobs, lists, manifests, token, uploads
from strata_registry.api.http.context import CONTEXT, USER, DistributionContext
from strata_registry.api.http.observing import observing
from strata_registry.core import access
from strata_registry.core.access import Action
from strata_registry.core.distribution_errors import to_distribution

_log = logging.getLogger(__name__)
_ACTIONS = {"GET": Action.PULL, "HEAD": Action.PULL, "DELETE": Action.DELETE}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def make_application(context: DistributionContext, metrics: Metrics) -> web.Application:
    """Build the application."""
    application = web.Application(middlewares=[observing(metrics), _report_errors, _check_access])
    application[CONTEXT] = context
    application.router.add_get("/v2/", token.ping)
    application.router.add_get("/v2/_catalog", lists.list_repositories)
    application.router.add_get("/token", token.give_token)
    name = "/v2/{name:.+}"
    application.router.add_get(f"{name}/manifests/{{reference}}", manifests.get_manifest)
    application.router.add_put(f"{name}/manifests/{{reference}}", manifests.put_manifest)
    application.router.add_delete(f"{name}/manifests/{{reference}}", manifests.delete_manifest)
    application.router.add_get(f"{name}/tags/list", lists.list_tags)
    application.router.add_get(f"{name}/referrers/{{digest}}", lists.list_referrers)
    application.router.add_post(f"{name}/blobs/uploads/", uploads.start_upload)
    application.router.add_get(f"{name}/blobs/uploads/{{upload}}", uploads.upload_status)
    application.router.add_patch(f"{name}/blobs/uploads/{{upload}}", uploads.upload_chunk)
    application.router.add_put(f"{name}/blobs/uploads/{{upload}}", uploads.finish_upload)
    application.router.add_delete(f"{name}/blobs/uploads/{{upload}}", uploads.cancel_upload)
    application.router.add_get(f"{name}/blobs/{{digest}}", blobs.get_blob)
    application.router.add_delete(f"{name}/blobs/{{digest}}", blobs.delete_blob)
    return application


@web.middleware
async def _report_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn errors of the taxonomy into the specification's; anything else is ours, and its details stay here."""
    try:
        response = await handler(request)
    except StrataError as error:
        response = _error_response(request, error)
    except web.HTTPException as error:
        response = error
    except OSError:
        raise  # the client is gone
    except Exception:  # noqa: BLE001 - the border: everything becomes an answer here
        _log.exception("%s %s failed", request.method, request.path)
        response = _error_response(request, Internal("an internal error occurred"))
    if not response.prepared:
        response.headers["Docker-Distribution-API-Version"] = "registry/2.0"
    return response


@web.middleware
async def _check_access(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Find out who asks, and whether they may."""
    context = request.app[CONTEXT]
    if request.path == "/token":
        return await handler(request)
    user = await context.gatekeeper.identify(request.headers.get("Authorization"))
    request[USER] = user
    if request.path != "/v2/":
        action = _ACTIONS.get(request.method, Action.PUSH)
        access.check(context.policy, action, user, has_users=context.gatekeeper.has_users)
    return await handler(request)


def _error_response(request: web.Request, error: StrataError) -> web.Response:
    mapped = to_distribution(error)
    headers = token.challenge(request) if mapped.status == 401 else {}  # noqa: PLR2004 (HTTP)
    return web.Response(status=mapped.status, body=mapped.body, headers=headers, content_type="application/json")
