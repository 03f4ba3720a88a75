"""Blobs of an upstream registry. Source: OCI distribution-spec, "Pulling blobs"; RFC 9110, 14 (Range)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp

from strata_chassis.errors import OutOfRange, Unavailable
from strata_oci.digest import Digest
from strata_registry.adapters.upstream.authenticator import Claim
from strata_registry.adapters.upstream.exchange import CONNECTION_ERRORS, Exchange, Request
from strata_registry.adapters.upstream.session import why_unreachable
from strata_registry.core.byte_range import parse_content_range
from strata_registry.core.credentials import Credential
from strata_registry.core.repository import Repository
from strata_registry.core.scope import pull_scope

_STATUSES = frozenset({200, 206, 416})


class ResponseBody:
    """The body of an answer, read as it comes."""

    def __init__(self, response: aiohttp.ClientResponse, registry: str) -> None:
        self.start, self.size = _extent(response)
        self._response = response
        self._registry = registry

    async def read(self) -> bytes:
        """Return what has arrived since; nothing at the end. Raises Unavailable when the connection breaks."""
        try:
            return await self._response.content.readany()
        except CONNECTION_ERRORS as error:
            raise Unavailable(
                f"the transfer from {self._registry} broke: {why_unreachable(error)}",
                reason="REGISTRY_UNREACHABLE",
                metadata={"registry": self._registry},
            ) from error


class UpstreamBlob:
    """One blob of one repository, as a source for the cache."""

    def __init__(
        self, exchange: Exchange, repository: Repository, digest: Digest, credential: Credential | None
    ) -> None:
        self._exchange = exchange
        self._repository = repository
        self._digest = digest
        self._credential = credential

    @asynccontextmanager
    async def open(self, offset: int) -> AsyncIterator[ResponseBody]:
        """Start a transfer at ``offset``, or at the start where the registry has no ranges.

        Raises what the registry refuses with; OutOfRange when the blob ends at or before ``offset``.
        """
        async with self._exchange.send(self._request(offset)) as response:
            if response.status == 416:  # noqa: PLR2004 (HTTP)
                raise OutOfRange(f"{self._digest} has no byte {offset}", reason="OFFSET_INVALID")
            yield ResponseBody(response, self._repository.registry)

    async def reject(self) -> None:
        """Do nothing: the registry answers for its bytes."""

    def _request(self, offset: int) -> Request:
        return Request(
            "GET",
            self._repository.registry,
            f"{self._repository.path}/blobs/{self._digest}",
            Claim(str(self._repository), str(pull_scope(self._repository.path)), self._credential),
            what=f"{self._repository}@{self._digest}",
            kind="BLOB",
            headers={"Range": f"bytes={offset}-"} if offset else {},
            expected=_STATUSES if offset else frozenset({200}),
        )


def _extent(response: aiohttp.ClientResponse) -> tuple[int, int | None]:
    """Say where a body starts and how long the whole blob is."""
    if response.status != 206:  # noqa: PLR2004 (HTTP)
        return 0, response.content_length
    content_range = parse_content_range(response.headers.get("Content-Range"))
    if content_range is None:
        raise Unavailable("the registry answered a range without saying which", reason="RANGE_UNREADABLE")
    return content_range[0].start, content_range[1]
