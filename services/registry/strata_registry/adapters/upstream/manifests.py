"""Manifests, tags and referrers of an upstream registry. Source: OCI distribution-spec 1.1."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from urllib.parse import quote, urlencode, urljoin

from strata_chassis.errors import NotFound, Unavailable
from strata_oci import media_types
from strata_oci.digest import Digest
from strata_registry.adapters.upstream.authenticator import Claim
from strata_registry.adapters.upstream.exchange import CONNECTION_ERRORS, Exchange, Request
from strata_registry.adapters.upstream.session import OversizedBody, read_limited, why_unreachable
from strata_registry.core import answers
from strata_registry.core.credentials import Credential
from strata_registry.core.link import next_page
from strata_registry.core.manifest import ACCEPT, LARGEST_BYTES, check_size
from strata_registry.core.redirect import keeps_credentials
from strata_registry.core.repository import Repository
from strata_registry.core.scope import pull_scope

_LARGEST_LIST_BYTES = 16 << 20
_MOST_PAGES = 200
_NOT_MODIFIED = 304
_ACCEPT_INDEX = {"Accept": media_types.OCI_INDEX}


@dataclass(frozen=True, slots=True)
class Fetched:
    """A manifest as it came: its bytes are those that ``digest`` names."""

    content: bytes
    content_type: str
    digest: Digest
    etag: str = ""


@dataclass(frozen=True, slots=True)
class Head:
    """What a registry says of a manifest without sending it; ``digest`` is None where it does not say."""

    digest: Digest | None
    etag: str = ""
    is_unchanged: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list, and where the next part is; None at the end."""

    entries: list[Any]
    next_path: str | None = None


class UpstreamManifests:
    """Asks registries for everything but blobs."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    async def head(self, repository: Repository, reference: str, credential: Credential | None, etag: str = "") -> Head:
        """Ask where a tag points; cheap, and not counted by rate limits that count pulls."""
        headers = {"Accept": ACCEPT} | ({"If-None-Match": etag} if etag else {})
        request = _request("HEAD", repository, f"manifests/{reference}", reference, credential, headers=headers)
        async with self._exchange.send(request) as response:
            found = response.headers.get("ETag", "")
            if response.status == _NOT_MODIFIED:
                return Head(None, found, is_unchanged=True)
            return Head(_stated_digest(response.headers), found)

    async def get(self, repository: Repository, reference: str, credential: Credential | None) -> Fetched:
        """Fetch a manifest and verify it against the digest it was asked by, or that the registry states.

        Raises DataLoss when it has another one, ResourceExhausted when it is too large.
        """
        request = _request(
            "GET", repository, f"manifests/{reference}", reference, credential, headers={"Accept": ACCEPT}
        )
        content, headers, _ = await self._read(request, LARGEST_BYTES)
        wanted = Digest.parse(reference) if ":" in reference else _stated_digest(headers)
        found = Digest.of(content, wanted.algorithm if wanted else "sha256")
        if wanted is not None and found != wanted:
            raise answers.digest_mismatch(str(wanted), str(found), request.what)
        return Fetched(content, headers.get("Content-Type", ""), found, headers.get("ETag", ""))

    async def tags(self, repository: Repository, credential: Credential | None, *, size: int, after: str) -> Page:
        """List tags in lexical order, beginning after ``after``."""
        query = urlencode({"n": size} | ({"last": after} if after else {}))
        request = _request("GET", repository, f"tags/list?{query}", "", credential, kind="NAME")
        page, _, _ = await self._list_page(request, "tags", _LARGEST_LIST_BYTES)
        return page

    async def referrers(
        self, repository: Repository, digest: Digest, credential: Credential | None, artifact_type: str
    ) -> list[dict[str, Any]]:
        """List the descriptors of manifests about ``digest``; from the fallback tag where the API is missing."""
        query = f"?artifactType={quote(artifact_type, safe='')}" if artifact_type else ""
        path: str | None = f"referrers/{digest}{query}"
        found: list[dict[str, Any]] = []
        seen: set[str] = set()
        left_bytes = _LARGEST_LIST_BYTES
        try:
            while path is not None:
                seen.add(path)
                request = _request("GET", repository, path, str(digest), credential, headers=_ACCEPT_INDEX)
                page, size, url = await self._list_page(request, "manifests", left_bytes)
                found += page.entries
                left_bytes -= size
                path = _checked_next(page, url, seen)
        except NotFound:
            found = await self._fallback_referrers(repository, digest, credential)
        return [entry for entry in found if not artifact_type or entry.get("artifactType") == artifact_type]

    async def _list_page(self, request: Request, key: str, limit_bytes: int) -> tuple[Page, int, str]:
        """Read a part of a list; return it with its length in bytes and the URL that it came from."""
        content, headers, url = await self._read(request, limit_bytes)
        return _page(content, key, headers), len(content), url

    async def _fallback_referrers(
        self, repository: Repository, digest: Digest, credential: Credential | None
    ) -> list[dict[str, Any]]:
        """Read the tag that stands for the list. Source: distribution-spec, "Referrers Tag Schema"."""
        try:
            fetched = await self.get(repository, f"{digest.algorithm}-{digest.hex}"[:128], credential)
        except NotFound:
            return []
        return _page(fetched.content, "manifests", {}).entries

    async def _read(self, request: Request, limit_bytes: int) -> tuple[bytes, Mapping[str, str], str]:
        async with self._exchange.send(request) as response:
            try:
                return await read_limited(response, limit_bytes), response.headers, str(response.url)
            except OversizedBody:
                check_size(max(limit_bytes, LARGEST_BYTES) + 1, what=request.what)
                raise
            except CONNECTION_ERRORS as error:
                raise answers.unreachable(request.registry, why_unreachable(error)) from error


def _request(
    method: str,
    repository: Repository,
    path: str,
    reference: str,
    credential: Credential | None,
    *,
    headers: Mapping[str, str] = MappingProxyType({}),
    kind: str = "MANIFEST",
) -> Request:
    separator = "@" if ":" in reference else ":"
    return Request(
        method,
        repository.registry,
        path if path.startswith(("http://", "https://")) else f"{repository.path}/{path}",
        Claim(str(repository), str(pull_scope(repository.path)), credential),
        what=f"{repository}{separator}{reference}" if reference else str(repository),
        kind=kind,
        headers=headers,
        expected=frozenset({200, _NOT_MODIFIED}) if "If-None-Match" in headers else frozenset({200}),
    )


def _checked_next(page: Page, url: str, seen: set[str]) -> str | None:
    """Return the whole URL of the next part of a list that ``url`` is of.

    Raises Unavailable when the list leads elsewhere, in a circle, or too far.
    """
    if page.next_path is None:
        return None
    try:
        target = urljoin(url, page.next_path)
        is_at_home = keeps_credentials(url, target)
    except ValueError:
        is_at_home = False
    if not is_at_home or target in seen or len(seen) >= _MOST_PAGES:
        raise Unavailable("the registry's list has no end", reason="LIST_ENDLESS")
    return target


def _stated_digest(headers: Mapping[str, str]) -> Digest | None:
    try:
        return Digest.parse(headers.get("Docker-Content-Digest", ""))
    except ValueError:
        return None


def _page(content: bytes, key: str, headers: Mapping[str, str]) -> Page:
    try:
        entries = json.loads(content)[key] or []
    except (ValueError, LookupError, TypeError):
        entries = None
    if not isinstance(entries, list):
        raise Unavailable("the registry's list cannot be read", reason="LIST_UNREADABLE")
    return Page(entries, next_page(headers.get("Link")))
