"""Handlers of lists: tags, referrers, the catalog. Source: OCI distribution-spec, "Content Discovery"."""

import json
from collections.abc import Sequence
from urllib.parse import urlencode

from aiohttp import web

from strata_chassis.errors import InvalidArgument, NotFound
from strata_oci import media_types
from strata_oci.descriptor import Descriptor
from strata_oci.digest import Digest
from strata_registry.adapters.cache.catalogue import ManifestRecord
from strata_registry.api.http.context import CONTEXT, DistributionContext
from strata_registry.core.addressing import HOSTED
from strata_registry.core.link import link_to_next
from strata_registry.core.repository import Repository, parse_digest

_LARGEST_PAGE = 1000


async def list_tags(request: web.Request) -> web.Response:
    """GET /v2/NAME/tags/list?n=N&last=TAG."""
    context = request.app[CONTEXT]
    limit, after = _paging(request)
    tags: list[str] = []
    *others, last = context.target(request).repositories
    for repository in others:
        try:
            tags = await _tags(context, repository, after, limit)
            break
        except NotFound:
            continue
    else:
        tags = await _tags(context, last, after, limit)
    return _page(request, {"name": request.match_info["name"]}, "tags", tags, limit)


async def list_repositories(request: web.Request) -> web.Response:
    """GET /v2/_catalog: the repositories that live here."""
    limit, after = _paging(request)
    prefix = f"{HOSTED}/"
    names = await request.app[CONTEXT].hosted.names(after=prefix + after, limit=limit + 1)
    own = [name.removeprefix(prefix) for name in names if name.startswith(prefix)]
    return _page(request, {}, "repositories", own, limit)


async def list_referrers(request: web.Request) -> web.Response:
    """GET /v2/NAME/referrers/DIGEST?artifactType=TYPE."""
    context = request.app[CONTEXT]
    subject = parse_digest(request.match_info["digest"])
    artifact_type = request.query.get("artifactType", "")
    found: dict[Digest, Descriptor] = {}
    for repository in context.target(request).repositories:
        found |= {entry.digest: entry for entry in await _referrers(context, repository, subject)}
    entries = [entry for entry in found.values() if artifact_type in ("", entry.artifact_type)]
    document = {
        "schemaVersion": 2,
        "mediaType": media_types.OCI_INDEX,
        "manifests": [entry.to_json() for entry in entries],
    }
    headers = {"Content-Type": media_types.OCI_INDEX} | (
        {"OCI-Filters-Applied": "artifactType"} if artifact_type else {}
    )
    return web.Response(body=json.dumps(document).encode(), headers=headers)


async def _tags(context: DistributionContext, repository: Repository, after: str, limit: int) -> list[str]:
    """Return one more tag than ``limit``, if there is one."""
    if repository.registry == HOSTED:
        return await context.hosted.tags(repository, after=after, limit=limit + 1)
    page = await context.listing.tags(repository, None, page_size=limit, after=after)
    return [*page.entries, ""] if page.next_token else page.entries


async def _referrers(context: DistributionContext, repository: Repository, subject: Digest) -> list[Descriptor]:
    if repository.registry == HOSTED:
        return [_descriptor(record) for record in await context.hosted.referrers(repository, subject)]
    page = await context.listing.referrers(repository, subject, None, artifact_type="", page_size=1000, after="")
    return page.entries


def _descriptor(record: ManifestRecord) -> Descriptor:
    return Descriptor(
        media_type=record.media_type,
        digest=Digest.parse(record.digest),
        size_bytes=record.size_bytes,
        annotations=record.annotations,
        artifact_type=record.artifact_type,
    )


def _paging(request: web.Request) -> tuple[int, str]:
    text = request.query.get("n", str(_LARGEST_PAGE))
    if not text.isascii() or not text.isdigit():
        raise InvalidArgument(f"n={text[:20]} is not a number", reason="PAGE_SIZE_INVALID")
    return min(int(text[:9]), _LARGEST_PAGE), request.query.get("last", "")


def _page(
    request: web.Request, document: dict[str, object], key: str, found: Sequence[str], limit: int
) -> web.Response:
    entries, headers = list(found[:limit]), {}
    if len(found) > limit and entries:
        query = {**request.query, "n": str(limit), "last": entries[-1]}
        headers["Link"] = link_to_next(f"{request.path}?{urlencode(query)}")
    return web.json_response({**document, key: entries}, headers=headers)
