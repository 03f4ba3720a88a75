"""Pushing to an upstream registry. Source: OCI distribution-spec, "Pushing"; the order of requests is docker's."""

from collections.abc import AsyncIterator, Mapping
from urllib.parse import urlencode

import aiohttp

from strata_chassis.errors import NotFound, Unavailable
from strata_oci.digest import Digest
from strata_registry.adapters.upstream.authenticator import Claim
from strata_registry.adapters.upstream.exchange import Body, Exchange, Request
from strata_registry.core.credentials import Credential
from strata_registry.core.repository import Repository
from strata_registry.core.scope import join, pull_scope, push_scope

_CREATED = 201
_OCTETS = "application/octet-stream"


class Push:
    """Writes to one repository with one set of credentials."""

    def __init__(self, exchange: Exchange, repository: Repository, credential: Credential | None) -> None:
        self._exchange = exchange
        self._repository = repository
        self._credential = credential

    async def has_blob(self, digest: Digest) -> bool:
        """Ask whether the repository has a blob already."""
        try:
            async with self._exchange.send(self._request("HEAD", f"blobs/{digest}", what=str(digest))):
                return True
        except NotFound:
            return False

    async def mount_blob(self, digest: Digest, source: str) -> str | None:
        """Ask the registry to take a blob from another of its repositories.

        Returns None when it did, else the place to upload to.
        """
        return await self._start({"mount": str(digest), "from": source}, [source])

    async def start_blob(self) -> str:
        """Begin an upload and return the place to send it to."""
        location = await self._start({}, [])
        if location is None:
            raise _no_location(self._repository)
        return location

    async def finish_blob(
        self, location: str, digest: Digest, data: AsyncIterator[bytes], size_bytes: int | None
    ) -> None:
        """Send a blob's bytes and name them; the registry verifies the digest."""
        headers = {"Content-Type": _OCTETS} | ({"Content-Length": str(size_bytes)} if size_bytes is not None else {})
        what = f"{self._repository}@{digest}"
        request = self._request("PATCH", location, what=what, headers=headers, body=data, expected={202})
        async with self._exchange.send(request) as response:
            location = _target(response) or location
        place = f"{location}{'&' if '?' in location else '?'}{urlencode({'digest': str(digest)})}"
        closing = {"Content-Type": _OCTETS, "Content-Length": "0"}
        async with self._exchange.send(
            self._request("PUT", place, what=what, headers=closing, body=b"", expected={201, 204})
        ):
            pass

    async def put_manifest(self, reference: str, content: bytes, media_type: str) -> None:
        """Send a manifest under a tag or its digest."""
        what = f"{self._repository}{'@' if ':' in reference else ':'}{reference}"
        headers = {"Content-Type": media_type}
        request = self._request(
            "PUT", f"manifests/{reference}", what=what, headers=headers, body=content, expected={200, 201, 202}
        )
        async with self._exchange.send(request):
            pass

    async def _start(self, query: Mapping[str, str], sources: list[str]) -> str | None:
        path = f"blobs/uploads/?{urlencode(query)}" if query else "blobs/uploads/"
        what = str(self._repository)
        headers = {"Content-Length": "0"}
        request = self._request(
            "POST", path, what=what, headers=headers, body=b"", expected={201, 202}, sources=sources
        )
        async with self._exchange.send(request) as response:
            if response.status == _CREATED:
                return None
            location = _target(response)
            if location is None:
                raise _no_location(self._repository)
            return location

    def _request(
        self,
        method: str,
        path: str,
        *,
        what: str,
        headers: Mapping[str, str] | None = None,
        body: Body = None,
        expected: set[int] | None = None,
        sources: list[str] | None = None,
    ) -> Request:
        own = path if path.startswith(("http://", "https://", "/")) else f"{self._repository.path}/{path}"
        scopes = join([push_scope(self._repository.path), *map(pull_scope, sources or [])])
        return Request(
            method,
            self._repository.registry,
            own,
            Claim(str(self._repository), scopes, self._credential),
            what=what,
            kind="BLOB",
            headers=headers or {},
            body=body,
            expected=frozenset(expected or {200}),
        )


def _target(response: aiohttp.ClientResponse) -> str | None:
    """Return where an answer says to go on, as a whole URL: what is relative is so to who answered."""
    location = response.headers.get("Location")
    return str(response.url.join(type(response.url)(location, encoded=True))) if location else None


def _no_location(repository: Repository) -> Unavailable:
    return Unavailable(
        f"the registry of {repository} does not say where to upload to",
        reason="REGISTRY_UNREACHABLE",
        metadata={"repository": str(repository)},
    )
