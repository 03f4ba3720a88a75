"""The ping, and the tokens that answer its challenge. Source: distribution's "Token Authentication Specification"."""

from aiohttp import web

from strata_chassis.errors import Unauthenticated
from strata_registry.adapters.gatekeeper import TOKEN_LIFE_S
from strata_registry.api.http.context import CONTEXT

_SERVICE = "strata-registry"


async def ping(request: web.Request) -> web.Response:
    """GET /v2/: tell clients that they have found a registry, and how to say who they are if that can matter."""
    context = request.app[CONTEXT]
    is_anonymous = "Authorization" not in request.headers
    if is_anonymous and context.gatekeeper.has_users:
        raise Unauthenticated("a token is needed; the anonymous can have one", reason="AUTHENTICATION_REQUIRED")
    return web.json_response({})


async def give_token(request: web.Request) -> web.Response:
    """GET /token: sign a token for who names a password, or for the anonymous."""
    gatekeeper = request.app[CONTEXT].gatekeeper
    user = await gatekeeper.identify(request.headers.get("Authorization"))
    token = gatekeeper.token(user)
    return web.json_response({"token": token, "access_token": token, "expires_in": TOKEN_LIFE_S})


def challenge(request: web.Request) -> dict[str, str]:
    """Write the challenge of a 401; passwords sent without one are taken all the same."""
    if request.path == "/token":
        return {"WWW-Authenticate": f'Basic realm="{_SERVICE}"'}
    realm = f"{request.scheme}://{request.host}/token"
    return {"WWW-Authenticate": f'Bearer realm="{realm}",service="{_SERVICE}"'}
