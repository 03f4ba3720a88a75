"""One request to one registry, until it is answered: authentication, redirects, other endpoints, later attempts."""

import asyncio
import math
import random
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import aiohttp

from strata_chassis.errors import StrataError
from strata_registry.adapters.upstream.authenticator import Authenticator, Claim
from strata_registry.adapters.upstream.session import Http, read_limited, why_unreachable
from strata_registry.core import answers, redirect
from strata_registry.core.endpoint import Endpoint, EndpointRules, endpoints_of
from strata_registry.core.retry import Failure, RetryPolicy, is_transient, next_delay_s, parse_retry_after

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_LONGEST_ERROR_BYTES = 64 << 10
_SHUNNED_S = 30.0  # how long a mirror that cannot be reached is asked last
CONNECTION_ERRORS = (aiohttp.ClientError, TimeoutError, OSError)

Body = bytes | AsyncIterator[bytes] | None


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of a registry; ``path`` follows ``/v2/``, or is a whole URL that the registry gave us.

    ``expected`` lists the statuses that are an answer; others are refusals. ``what`` and ``kind`` name the subject in
    the sentence of an error. A body that is a stream is sent once: whoever has one asks for something small before, so
    that endpoint and token are known.
    """

    method: str
    registry: str
    path: str
    claim: Claim
    what: str
    kind: str = "MANIFEST"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Body = None
    expected: frozenset[int] = frozenset({200})

    @property
    def is_reading(self) -> bool:
        """Tell whether mirrors may answer."""
        return self.method in {"GET", "HEAD"}

    @property
    def is_repeatable(self) -> bool:
        """Tell whether the request can be sent again."""
        return self.body is None or isinstance(self.body, bytes)


class Exchange:
    """Sends requests to registries; knows which endpoint of each answered last."""

    def __init__(self, http: Http, authenticator: Authenticator, rules: EndpointRules, policy: RetryPolicy) -> None:
        self._http = http
        self._authenticator = authenticator
        self._rules = rules
        self._policy = policy
        self._working: dict[str, str] = {}
        self._failed_at_s: dict[str, float] = {}

    @asynccontextmanager
    async def send(self, request: Request) -> AsyncIterator[aiohttp.ClientResponse]:
        """Yield the answer of the first endpoint that has one, its body unread.

        Raises what ``answers.refusal`` makes of a refusal, and Unavailable when nobody can be reached.
        """
        response = await self._until_answered(request)
        try:
            yield response
        finally:
            response.release()

    def endpoints(self, registry: str, *, for_writing: bool) -> list[Endpoint]:
        """List the endpoints: mirrors first, but not those that could not be reached a moment ago.

        Among those of the registry's own host the one that answered before comes first.
        """
        found = endpoints_of(registry, self._rules, for_writing=for_writing)
        working = self._working.get(registry)
        return sorted(found, key=lambda endpoint: (self._rank(endpoint), endpoint.base_url != working))

    def _rank(self, endpoint: Endpoint) -> int:
        if not endpoint.is_mirror:
            return 1
        failed_at_s = self._failed_at_s.get(endpoint.base_url, -math.inf)
        return 2 if time.monotonic() - failed_at_s < _SHUNNED_S else 0

    def identity_token(self, registry: str, claim: Claim) -> str:
        """Return what stands for the claim's password from now on, if its token server gave anything."""
        tokens = (
            self._authenticator.identity_token(each, claim) for each in self.endpoints(registry, for_writing=True)
        )
        return next(filter(None, tokens), "")

    async def _until_answered(self, request: Request) -> aiohttp.ClientResponse:
        for attempt in range(1, self._policy.attempts + 1):
            answer = await self._ask_all(request)
            if isinstance(answer, aiohttp.ClientResponse):
                return answer
            failure, error = answer
            delay_s = next_delay_s(failure, attempt, self._policy, random.random())  # noqa: S311 (jitter)
            if delay_s is None or not request.is_repeatable:
                raise error
            await asyncio.sleep(delay_s)
        raise error

    async def _ask_all(self, request: Request) -> aiohttp.ClientResponse | tuple[Failure, StrataError]:
        """Ask endpoint after endpoint; return an answer, or how the last one failed."""
        outcome: tuple[Failure, StrataError] | None = None
        for endpoint in self._candidates(request):
            try:
                response = await self._ask(endpoint, request)
            except CONNECTION_ERRORS as error:
                self._failed_at_s[endpoint.base_url] = time.monotonic()
                outcome = (Failure(), answers.unreachable(request.registry, why_unreachable(error)))
                continue
            except StrataError as error:
                if not endpoint.is_mirror:
                    raise
                outcome = (Failure(), error)
                continue
            if response.status in request.expected:
                self._working[request.registry] = endpoint.base_url
                return response
            outcome = await _refused(response, request)
            if not endpoint.is_mirror and not is_transient(outcome[0]):
                raise outcome[1]
        if outcome is None:
            raise answers.unreachable(request.registry, "no endpoint is configured")
        return outcome

    def _candidates(self, request: Request) -> list[Endpoint]:
        """List whom to ask; a whole URL is the matter of the endpoint it belongs to, if there is one."""
        found = self.endpoints(request.registry, for_writing=not request.is_reading)
        if "://" not in request.path:
            return found
        own = [endpoint for endpoint in found if redirect.keeps_credentials(endpoint.base_url, request.path)]
        return (own or found)[:1]

    async def _ask(self, endpoint: Endpoint, request: Request) -> aiohttp.ClientResponse:
        """Ask one endpoint, a second time if it wants (other) credentials; nobody else's challenge is answered."""
        sent = self._authenticator.known(endpoint, request.claim)
        response = await self._follow(endpoint, request, sent)
        is_its_own = redirect.keeps_credentials(endpoint.base_url, str(response.url))
        if response.status != 401 or not request.is_repeatable or not is_its_own:  # noqa: PLR2004 (HTTP)
            return response
        header = ", ".join(response.headers.getall("WWW-Authenticate", []))
        response.release()
        authorization = await self._authenticator.answer(endpoint, request.claim, header, sent)
        response = await self._follow(endpoint, request, authorization)
        if response.status == 401 and authorization.startswith("Basic "):  # noqa: PLR2004 (HTTP)
            response.release()
            raise answers.wrong_credentials(request.claim.repository)
        return response

    async def _follow(self, endpoint: Endpoint, request: Request, authorization: str | None) -> aiohttp.ClientResponse:
        """Send, and follow redirects of reading requests; credentials stay with the endpoint's origin."""
        trusted = self._http.allow_private_redirects or endpoint.is_private
        url = _url(endpoint, request.path, allow_private=trusted)
        away = not redirect.keeps_credentials(endpoint.base_url, url)
        for _ in range(redirect.MOST_REDIRECTS + 1):
            given = None if away else authorization
            response = await self._send(endpoint, url, request, given, public_only=away and not trusted)
            location = response.headers.get("Location")
            if response.status not in _REDIRECTS or location is None or not request.is_reading:
                return response
            response.release()
            target = redirect.next_url(url, location, allow_private=trusted)
            away = away or not redirect.keeps_credentials(url, target)
            url = target
        raise answers.unreachable(request.registry, "it redirects without end")

    async def _send(
        self, endpoint: Endpoint, url: str, request: Request, authorization: str | None, *, public_only: bool
    ) -> aiohttp.ClientResponse:
        headers = dict(request.headers)
        if authorization is not None:
            headers["Authorization"] = authorization
        return await self._http.send(
            request.method, url, headers=headers, body=request.body, verify=endpoint.verify_tls, public_only=public_only
        )


def _url(endpoint: Endpoint, path: str, *, allow_private: bool) -> str:
    """Place a path on an endpoint; a registry's own Location or Link is as suspect as any redirect."""
    if path.startswith(("/", "http://", "https://")):
        return redirect.next_url(endpoint.base_url, path, allow_private=allow_private)
    return f"{endpoint.base_url}/v2/{path}"


async def _refused(response: aiohttp.ClientResponse, request: Request) -> tuple[Failure, StrataError]:
    async with response:
        try:
            body = await read_limited(response, _LONGEST_ERROR_BYTES)
        except CONNECTION_ERRORS:
            body = b""
    wait_s = parse_retry_after(response.headers.get("Retry-After"), datetime.now(UTC))
    error = answers.refusal(
        response.status, body, what=request.what, repository=request.claim.repository, kind=request.kind
    )
    return Failure(response.status, wait_s), error
