"""POST /build: the classic builder."""

import base64
import binascii
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

from strata.gateway.v1 import gateway_pb2 as pb
from strata.oci.v1 import oci_pb2
from strata_chassis.errors import InvalidArgument, StrataError, Unimplemented
from strata_gateway.docker_api.containers.resources import resources_of
from strata_gateway.docker_api.errors import progress_of
from strata_gateway.docker_api.images.progress import PullProgress
from strata_gateway.docker_api.parameters import credentials_in, platform_of, understood
from strata_gateway.docker_api.routes import Routes
from strata_gateway.engine.engine import Engine
from strata_gateway.web.exchange import Exchange
from strata_gateway.web.request import Request

_BUILDKIT = "2"
_DOCKER_HUB = ("https://index.docker.io/v1/", "index.docker.io")
_EPOCH_ARGUMENT = "SOURCE_DATE_EPOCH"
_LIMITS = {
    "memory": "Memory",
    "memswap": "MemorySwap",
    "cpushares": "CpuShares",
    "cpuperiod": "CpuPeriod",
    "cpuquota": "CpuQuota",
}


async def build(engine: Engine, exchange: Exchange) -> None:
    """Build an image of the tar in the body; what fails after the first step is told in the stream."""
    request = exchange.request
    if request.text("version") == _BUILDKIT:
        raise Unimplemented("BuildKit is not served: use the classic builder (DOCKER_BUILDKIT=0)")
    if request.text("remote"):
        raise Unimplemented("building from a remote context is not done: send the context")
    header = header_of(request)
    try:
        async for document in _documents(engine, header, exchange):
            if not exchange.has_begun:
                await exchange.begin()
            await exchange.send_json(document)
    except StrataError as error:
        if not exchange.has_begun:
            raise
        await exchange.send_json(progress_of(error))
    await exchange.end()


async def _documents(
    engine: Engine, header: pb.BuildRequest.Header, exchange: Exchange
) -> AsyncIterator[dict[str, Any]]:
    progress = PullProgress()
    async for step in engine.build(_build_requests(header, exchange)):
        match step.WhichOneof("event"):
            case "text" if not header.quiet:
                yield {"stream": step.text}
            case "pull":
                for document in progress.documents(step.pull):
                    yield document
            case "image":
                yield {"aux": {"ID": step.image.id}}
                if header.quiet:
                    yield {"stream": f"{step.image.id}\n"}


async def _build_requests(header: pb.BuildRequest.Header, exchange: Exchange) -> AsyncIterator[pb.BuildRequest]:
    yield pb.BuildRequest(header=header)
    async for chunk in exchange.request.body:
        yield pb.BuildRequest(context=chunk)


def header_of(request: Request) -> pb.BuildRequest.Header:
    """The parameters as what is to be built."""
    with understood():
        return _header(request)


def _header(request: Request) -> pb.BuildRequest.Header:
    arguments = {name: value for name, value in _object(request, "buildargs").items() if value is not None}
    limits = {name: request.number(key, 0) for key, name in _LIMITS.items()}
    header = pb.BuildRequest.Header(
        dockerfile=request.text("dockerfile"),
        tags=[tag for tag in request.query.get("t", ()) if tag],
        build_args=arguments,
        labels=_object(request, "labels"),
        target=request.text("target"),
        no_cache=request.flag("nocache"),
        pull=request.flag("pull"),
        platform=platform_of(request.text("platform")),
        network_mode=request.text("networkmode"),
        resources=resources_of(limits | {"CpusetCpus": request.text("cpusetcpus")}),
        credentials=_credentials(request),
        quiet=request.flag("q"),
        extra_hosts=[host for text in request.query.get("extrahosts", ()) for host in text.split(",") if host],
    )
    if arguments.get(_EPOCH_ARGUMENT, "").isdecimal():
        header.source_date_epoch = int(arguments[_EPOCH_ARGUMENT])
    return header


def _object(request: Request, name: str) -> dict[str, Any]:
    try:
        document = json.loads(request.text(name) or "{}")
    except ValueError as error:
        raise InvalidArgument(f"invalid {name}: {error}", reason="PARAMETER_INVALID") from error
    return document if isinstance(document, dict) else {}


def _credentials(request: Request) -> Mapping[str, oci_pb2.Credentials]:
    """Credentials by registry host, in the header X-Registry-Config."""
    header = request.headers.get("x-registry-config", "")
    try:
        document = json.loads(base64.urlsafe_b64decode(header + "=" * (-len(header) % 4)) or b"{}")
        found = {_host(address): credentials_in(entry) for address, entry in document.items()}
    except (binascii.Error, ValueError, AttributeError) as error:
        raise InvalidArgument(f"invalid X-Registry-Config header: {error}", reason="CREDENTIALS_INVALID") from error
    return {host: credentials for host, credentials in found.items() if credentials is not None}


def _host(address: str) -> str:
    if address in _DOCKER_HUB:
        return "docker.io"
    return address.removeprefix("https://").removeprefix("http://").partition("/")[0]


ROUTES: Routes = (("POST", "/build", build),)
