"""Parameters and headers that several calls of the Docker API share."""

import base64
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from strata.oci.v1 import oci_pb2 as pb
from strata_chassis.errors import InvalidArgument
from strata_gateway.docker_api.versions import MULTIPLEXED_TYPE_SINCE, ApiVersion
from strata_gateway.web.exchange import Exchange

RAW_STREAM = "application/vnd.docker.raw-stream"
MULTIPLEXED_STREAM = "application/vnd.docker.multiplexed-stream"
VERSION_PART = "api version"
"""Name under which the API version of a request is among its parts."""


@contextmanager
def understood() -> Iterator[None]:
    """Read a client's documents within the block: what does not have the API's shape is the client's fault."""
    try:
        yield
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise InvalidArgument(f"invalid request: {error}", reason="BODY_INVALID") from error


def version_of(exchange: Exchange) -> ApiVersion:
    """API version the request was made in."""
    return ApiVersion.parse(exchange.parts[VERSION_PART])


def platform_of(text: str) -> pb.Platform | None:
    """A ``platform`` parameter: "linux/arm64/v8", or the JSON object of newer clients."""
    if not text:
        return None
    if text.startswith("{"):
        with understood():
            document = json.loads(text)
            return pb.Platform(
                os=document.get("os", ""),
                architecture=document.get("architecture", ""),
                variant=document.get("variant", ""),
            )
    os, _, rest = text.partition("/")
    architecture, _, variant = rest.partition("/")
    return pb.Platform(os=os, architecture=architecture, variant=variant)


def credentials_of(exchange: Exchange) -> pb.Credentials | None:
    """Credentials in the header X-Registry-Auth; None where there are none."""
    header = exchange.request.headers.get("x-registry-auth", "")
    if not header:
        return None
    with understood():
        return credentials_in(json.loads(base64.urlsafe_b64decode(header + "=" * (-len(header) % 4)) or b"{}"))


def credentials_in(document: Mapping[str, str]) -> pb.Credentials | None:
    """An ``AuthConfig``; None when it holds nothing."""
    credentials = pb.Credentials(
        username=document.get("username") or "",
        password=document.get("password") or "",
        identity_token=document.get("identitytoken") or "",
        registry_token=document.get("registrytoken") or "",
    )
    return credentials if credentials.ListFields() else None


def stream_type(exchange: Exchange, *, tty: bool) -> str:
    """Content type of a session's or a log's bytes: old clients know only one."""
    multiplexed = not tty and version_of(exchange) >= MULTIPLEXED_TYPE_SINCE
    return MULTIPLEXED_STREAM if multiplexed else RAW_STREAM
