"""Registries that send us elsewhere: where requests go, and what they carry."""

import base64
import gc
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from strata_chassis.errors import PermissionDenied, Unauthenticated, Unavailable
from strata_oci.digest import Digest
from strata_registry.adapters.upstream.authenticator import Authenticator
from strata_registry.adapters.upstream.exchange import Exchange
from strata_registry.adapters.upstream.manifests import UpstreamManifests
from strata_registry.adapters.upstream.push import Push
from strata_registry.adapters.upstream.session import HttpRules, open_http
from strata_registry.core.credentials import Credential
from strata_registry.core.endpoint import EndpointRules
from strata_registry.core.repository import Repository
from strata_registry.core.retry import RetryPolicy

ME = Credential("me", "secret")
DIGEST = Digest.of(b"blob")
UPLOAD = "/v2/app/blobs/uploads/"
REFERRERS = f"/v2/app/referrers/{DIGEST}"
Answer = Callable[[web.BaseRequest], web.Response]


class EverythingHere(AbstractResolver):
    """Finds every name on this host, as a hostile name server may."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [ResolveResult(hostname=host, host="127.0.0.1", port=port, family=socket.AF_INET, proto=0, flags=0)]

    async def close(self) -> None: ...


@dataclass
class Server:
    """Answers by path; what has no answer is accepted. Wants a password where ``is_protected``."""

    port: int = 0
    is_protected: bool = False
    answers: dict[str, Answer] = field(default_factory=dict)
    seen: list[tuple[str, str, str | None]] = field(default_factory=list)

    async def handle(self, request: web.BaseRequest) -> web.Response:
        authorization = request.headers.get("Authorization")
        self.seen.append((request.method, request.path, authorization))
        await request.read()
        if self.is_protected and authorization is None:
            return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="x"'})
        default = {"POST": 202, "PATCH": 202, "PUT": 201}.get(request.method, 404)
        answer = self.answers.get(request.path)
        return answer(request) if answer is not None else web.Response(status=default)


@asynccontextmanager
async def serving(server: Server) -> AsyncIterator[Server]:
    runner = web.ServerRunner(web.Server(server.handle))
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        server.port = runner.addresses[0][1]
        yield server
    finally:
        await runner.cleanup()


class NoCredentials:
    async def find(self, host: str, repository: str) -> None:
        del host, repository


@dataclass(frozen=True)
class Upstream:
    """A registry that wants a password, another server, and a client of the registry."""

    registry: Server
    other: Server
    exchange: Exchange
    authenticator: Authenticator

    def repository(self, host: str) -> Repository:
        return Repository(f"{host}:{self.registry.port}", "app")

    def push(self, host: str) -> Push:
        return Push(self.exchange, self.repository(host), ME)

    def say_upload_to(self, location: str) -> None:
        self.registry.answers[UPLOAD] = lambda _: web.Response(status=202, headers={"Location": location})


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with AsyncExitStack() as stack:
        registry = await stack.enter_async_context(serving(Server(is_protected=True)))
        other = await stack.enter_async_context(serving(Server()))
        http = await stack.enter_async_context(open_http(HttpRules(), EverythingHere()))
        rules = EndpointRules(insecure=("registry.example",))
        authenticator = Authenticator(http, NoCredentials())
        exchange = Exchange(http, authenticator, rules, RetryPolicy(attempts=1))
        yield Upstream(registry, other, exchange, authenticator)


async def blob() -> AsyncIterator[bytes]:
    yield b"blob"


async def test_an_upload_sent_elsewhere_takes_no_credentials_along(upstream: Upstream) -> None:
    upstream.say_upload_to(f"http://127.0.0.1:{upstream.other.port}/x")
    push = upstream.push("127.0.0.1")
    await push.finish_blob(await push.start_blob(), DIGEST, blob(), 4)
    assert [(method, authorization) for method, _, authorization in upstream.other.seen] == [
        ("PATCH", None),
        ("PUT", None),
    ]


async def test_an_upload_of_the_registry_itself_is_authorized(upstream: Upstream) -> None:
    upstream.say_upload_to("/v2/app/blobs/uploads/1")
    push = upstream.push("127.0.0.1")
    await push.finish_blob(await push.start_blob(), DIGEST, blob(), 4)
    expected = f"Basic {base64.b64encode(b'me:secret').decode()}"
    sent = [(method, authorization) for method, _, authorization in upstream.registry.seen]
    assert sent[-2:] == [("PATCH", expected), ("PUT", expected)]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "10.0.0.1", "2130706433", "127.1", "[::1]"])
async def test_a_public_registry_sends_no_upload_to_a_private_address(upstream: Upstream, host: str) -> None:
    upstream.say_upload_to(f"http://{host}:{upstream.other.port}/x")
    push = upstream.push("registry.example")
    location = await push.start_blob()
    with pytest.raises(PermissionDenied, match="not public"):
        await push.finish_blob(location, DIGEST, blob(), 4)


async def test_a_public_registry_sends_no_upload_to_a_name_that_points_inside(upstream: Upstream) -> None:
    upstream.say_upload_to(f"http://inside.example:{upstream.other.port}/x")
    push = upstream.push("registry.example")
    location = await push.start_blob()
    with pytest.raises(Unavailable, match=r"inside\.example has no public address"):
        await push.finish_blob(location, DIGEST, blob(), 4)
    assert upstream.other.seen == []


async def test_a_challenge_of_somebody_else_is_not_answered(upstream: Upstream) -> None:
    upstream.registry.is_protected = False
    challenge = f'Bearer realm="http://127.0.0.1:{upstream.other.port}/token"'
    upstream.other.answers[REFERRERS] = lambda _: web.Response(status=401, headers={"WWW-Authenticate": challenge})
    place = f"http://127.0.0.1:{upstream.other.port}{REFERRERS}"
    upstream.registry.answers[REFERRERS] = lambda _: web.Response(status=307, headers={"Location": place})
    with pytest.raises(Unauthenticated):
        await referrers(upstream, "127.0.0.1")
    assert {authorization for _, _, authorization in upstream.other.seen} == {None}


async def referrers(upstream: Upstream, host: str) -> int:
    repository = upstream.repository(host)
    return len(await UpstreamManifests(upstream.exchange).referrers(repository, DIGEST, ME, ""))


def page(link: str, entries: int = 1) -> web.Response:
    return web.Response(body=json.dumps({"manifests": [{}] * entries}), headers={"Link": f"<{link}>; rel=next"})


async def test_a_list_goes_on_by_a_link_to_the_same_origin_written_out(upstream: Upstream) -> None:
    second = "/v2/app/second"
    whole = f"http://127.0.0.1:{upstream.registry.port}{second}"
    upstream.registry.answers[REFERRERS] = lambda _: page(whole)
    upstream.registry.answers[second] = lambda _: web.Response(body=b'{"manifests": [{}, {}]}')
    assert await referrers(upstream, "127.0.0.1") == 3


@pytest.mark.parametrize("link", ["//127.0.0.1:{other}/x", "http://127.0.0.1:{other}/x", "http://[/"])
async def test_a_list_does_not_go_on_elsewhere(upstream: Upstream, link: str) -> None:
    upstream.registry.answers[REFERRERS] = lambda _: page(link.replace("{other}", str(upstream.other.port)))
    with pytest.raises(Unavailable, match="no end"):
        await referrers(upstream, "127.0.0.1")
    assert upstream.other.seen == []


async def test_a_list_in_a_circle_ends(upstream: Upstream) -> None:
    upstream.registry.answers[REFERRERS] = lambda _: page("/v2/app/a")
    upstream.registry.answers["/v2/app/a"] = lambda _: page(REFERRERS)
    with pytest.raises(Unavailable, match="no end"):
        await referrers(upstream, "127.0.0.1")


async def test_a_list_with_ever_new_pages_ends(upstream: Upstream) -> None:
    upstream.registry.answers[REFERRERS] = lambda request: page(
        f"{REFERRERS}?page={int(request.query.get('page', 0)) + 1}", entries=0
    )
    with pytest.raises(Unavailable, match="no end"):
        await referrers(upstream, "127.0.0.1")
    assert len(upstream.registry.seen) < 300


@pytest.mark.parametrize("host", ["127.0.0.1", "169.254.169.254", "inside.example"])
async def test_a_public_registry_s_token_server_is_not_inside(upstream: Upstream, host: str) -> None:
    realm = f"http://{host}:{upstream.other.port}/token"
    upstream.registry.is_protected = False
    challenge = {"WWW-Authenticate": f'Bearer realm="{realm}"'}
    upstream.registry.answers[REFERRERS] = lambda _: web.Response(status=401, headers=challenge)
    with pytest.raises(Unavailable, match="has no public address; see allow_private_redirects"):
        await referrers(upstream, "registry.example")
    assert upstream.other.seen == []


async def test_a_refused_name_leaves_nothing_behind(upstream: Upstream) -> None:
    authenticator = upstream.authenticator
    for name in ("a", "b", "c"):
        upstream.registry.answers[f"/v2/{name}/manifests/x"] = lambda _: web.Response(status=401)
        repository = Repository(f"127.0.0.1:{upstream.registry.port}", name)
        with pytest.raises(Unauthenticated):
            await UpstreamManifests(upstream.exchange).get(repository, "x", None)
    gc.collect()
    assert len(authenticator._locks) == 0
