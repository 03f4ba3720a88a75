"""Checking credentials, as ``docker login`` does."""

from strata_chassis.errors import Unauthenticated
from strata_registry.adapters.upstream.authenticator import Claim
from strata_registry.adapters.upstream.exchange import Exchange, Request
from strata_registry.core.credentials import Credential


async def check_credentials(exchange: Exchange, registry: str, credential: Credential) -> str:
    """Ask ``/v2/`` with the credentials; return an identity token where the registry hands one out, else nothing.

    Raises Unauthenticated when they are refused, Unavailable when nobody answers.
    """
    claim = Claim(registry, "", credential)
    request = Request("GET", registry, "", claim, what=registry, kind="NAME")
    try:
        async with exchange.send(request):
            pass
    except Unauthenticated as error:
        raise Unauthenticated(
            f"login to {registry} failed: incorrect username or password",
            reason="REGISTRY_UNAUTHORIZED",
            metadata={"registry": registry},
        ) from error
    return exchange.identity_token(registry, claim)
