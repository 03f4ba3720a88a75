"""Answers a registry's challenges: keeps tokens, fetches new ones, and sends passwords only where they belong."""

import asyncio
import base64
import time
from collections import OrderedDict
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol
from urllib.parse import urlencode, urlsplit
from weakref import WeakValueDictionary

import aiohttp

from strata_chassis.errors import Unauthenticated, Unavailable
from strata_registry.adapters.upstream.session import Http, read_limited, why_unreachable
from strata_registry.core.answers import unauthorized, wrong_credentials
from strata_registry.core.challenge import Challenge, parse_challenges, preferred
from strata_registry.core.credentials import Credential
from strata_registry.core.endpoint import Endpoint
from strata_registry.core.redirect import is_private_host
from strata_registry.core.token import BearerToken, parse_token

_MOST_TOKENS = 1000
_CLIENT_ID = "strata"
_LONGEST_ANSWER_BYTES = 1 << 20


class CredentialSource(Protocol):
    """Knows the credentials of registries."""

    async def find(self, host: str, repository: str) -> Credential | None:
        """Return the credentials for a repository, or None to go anonymously."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What a request is about: the repository by its full name, the scopes, the caller's own credentials."""

    repository: str
    scope: str
    credential: Credential | None = None

    @property
    def path(self) -> str:
        """Name the repository within its registry."""
        return self.repository.partition("/")[2]


class Authenticator:
    """Makes Authorization headers; everything it keeps is bound to endpoint, scope and credentials."""

    def __init__(self, http: Http, credentials: CredentialSource) -> None:
        self._http = http
        self._credentials = credentials
        self._tokens: OrderedDict[tuple[str, Claim], BearerToken] = OrderedDict()
        self._locks: WeakValueDictionary[tuple[str, Claim], asyncio.Lock] = WeakValueDictionary()  # those in use

    def known(self, endpoint: Endpoint, claim: Claim) -> str | None:
        """Return a header that still holds, without asking anybody."""
        if claim.credential is not None and claim.credential.registry_token:
            return f"Bearer {claim.credential.registry_token}"
        token = self._tokens.get((endpoint.base_url, claim))
        return token.value if token is not None and token.is_fresh(time.monotonic()) else None

    async def answer(self, endpoint: Endpoint, claim: Claim, header: str, refused: str | None) -> str:
        """Answer the challenges of a 401; ``refused`` is the header that was sent.

        Raises Unauthenticated when there is nothing better to send, Unavailable when the token server fails.
        """
        key = (endpoint.base_url, claim)
        lock = self._locks.setdefault(key, asyncio.Lock())
        async with lock:
            known = self.known(endpoint, claim)
            if known is not None and known != refused:
                return known  # another request was faster
            token = await self._obtain(endpoint, claim, preferred(parse_challenges(header)))
            if token.value == refused:
                raise wrong_credentials(claim.repository)
            self._keep(key, token)
            return token.value

    def identity_token(self, endpoint: Endpoint, claim: Claim) -> str:
        """Return what the token server gave to stand for the password, or nothing."""
        token = self._tokens.get((endpoint.base_url, claim))
        return token.refresh_token if token is not None else ""

    def _keep(self, key: tuple[str, Claim], token: BearerToken) -> None:
        self._tokens[key] = token
        self._tokens.move_to_end(key)
        while len(self._tokens) > _MOST_TOKENS:
            self._tokens.popitem(last=False)

    async def _obtain(self, endpoint: Endpoint, claim: Claim, challenge: Challenge | None) -> BearerToken:
        if challenge is None:
            raise unauthorized(claim.repository, claim.repository)
        credential = claim.credential or await self._credentials.find(endpoint.credential_host, claim.path)
        if challenge.scheme == "bearer":
            document = await self._token_document(endpoint, claim, challenge, credential)
            token = parse_token(document, now_s=time.monotonic())
            return replace(token, value=f"Bearer {token.value}")
        if credential is None or not credential.username:
            raise unauthorized(claim.repository, claim.repository)
        return BearerToken(_basic(credential), float("inf"))

    async def _token_document(
        self,
        endpoint: Endpoint,
        claim: Claim,
        challenge: Challenge,
        credential: Credential | None,
    ) -> bytes:
        realm = self._checked_realm(endpoint, challenge.parameters["realm"])
        query = _query(challenge, claim)
        try:
            async with await self._ask(endpoint, realm, query, credential) as response:
                body = await read_limited(response, _LONGEST_ANSWER_BYTES)
                if response.status in {400, 401, 403, 404}:
                    raise _no_access(claim, credential)
                if response.status != 200:  # noqa: PLR2004 (HTTP)
                    raise _no_token(realm, f"HTTP status {response.status}")
                return body
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _no_token(realm, why_unreachable(error)) from error

    async def _ask(
        self, endpoint: Endpoint, realm: str, query: list[tuple[str, str]], credential: Credential | None
    ) -> aiohttp.ClientResponse:
        """Ask a token server: OAuth2 with an identity token, else the older form with a password or with nothing."""
        is_elsewhere = urlsplit(realm).hostname != urlsplit(endpoint.base_url).hostname
        send = partial(
            self._http.send,
            verify=endpoint.verify_tls,
            public_only=is_elsewhere and not self._may_be_private(endpoint),
        )
        if credential is not None and credential.identity_token:
            grant = [("grant_type", "refresh_token"), ("refresh_token", credential.identity_token)]
            body = urlencode([*query, *grant, ("client_id", _CLIENT_ID)]).encode()
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            return await send("POST", realm, headers=headers, body=body)
        headers = {}
        if credential is not None and credential.username:
            query = [("account", credential.username), ("client_id", _CLIENT_ID), *query]
            headers = {"Authorization": _basic(credential)}
        url = f"{realm}{'&' if '?' in realm else '?'}{urlencode(query)}"
        return await send("GET", url, headers=headers)

    def _may_be_private(self, endpoint: Endpoint) -> bool:
        return self._http.allow_private_redirects or endpoint.is_private

    def _checked_realm(self, endpoint: Endpoint, realm: str) -> str:
        """Refuse a token server without TLS or inside, unless the registry itself may go without or is inside."""
        try:
            parts = urlsplit(realm)
            host = parts.hostname or ""
        except ValueError as error:
            raise _no_token("its realm", "it cannot be read") from error
        if parts.scheme != "https" and (parts.scheme != "http" or endpoint.verify_tls):
            raise _no_token(realm, "it has no TLS")
        is_elsewhere = host != urlsplit(endpoint.base_url).hostname
        if is_elsewhere and is_private_host(host) and not self._may_be_private(endpoint):
            raise _no_token(realm, "it has no public address; see allow_private_redirects")
        return realm


def _query(challenge: Challenge, claim: Claim) -> list[tuple[str, str]]:
    service = challenge.parameters.get("service")
    query = [("service", service)] if service else []
    if not claim.scope:  # a login
        return [*query, ("offline_token", "true")]
    return [*query, *(("scope", each) for each in claim.scope.split())]


def _no_access(claim: Claim, credential: Credential | None) -> Unauthenticated:
    if credential is None:
        return unauthorized(claim.repository, claim.repository)
    return wrong_credentials(claim.repository)


def _no_token(realm: str, why: str) -> Unavailable:
    host = urlsplit(realm).hostname or realm
    return Unavailable(
        f"no token from {host}: {why}", reason="TOKEN_SERVER_UNREACHABLE", metadata={"token_server": host}
    )


def _basic(credential: Credential) -> str:
    pair = f"{credential.username}:{credential.password}".encode()
    return f"Basic {base64.b64encode(pair).decode()}"
