"""Handlers of manifests. Source: OCI distribution-spec, "Pulling manifests", "Pushing Manifests", "Deleting"."""

from aiohttp import web

from strata_chassis.errors import NotFound, Unimplemented
from strata_oci.digest import Digest
from strata_registry.adapters.proxy.manifests import CachedManifest
from strata_registry.api.http.body import read_limited
from strata_registry.api.http.context import CONTEXT, DistributionContext
from strata_registry.core.addressing import HOSTED, Target
from strata_registry.core.freshness import Freshness
from strata_registry.core.manifest import LARGEST_BYTES, check_size
from strata_registry.core.repository import Repository, parse_tag_or_digest


async def get_manifest(request: web.Request) -> web.StreamResponse:
    """GET and HEAD /v2/NAME/manifests/REFERENCE."""
    context = request.app[CONTEXT]
    reference = parse_tag_or_digest(request.match_info["reference"])
    manifest = await _find(context, context.target(request), reference)
    headers = {
        "Docker-Content-Digest": str(manifest.digest),
        "ETag": f'"{manifest.digest}"',
        "Content-Type": manifest.media_type,
    }
    if manifest.is_stale:
        headers |= {"Warning": '110 - "Response is Stale"', "X-Cache": "stale"}
    if request.headers.get("If-None-Match") == headers["ETag"]:
        return web.Response(status=304, headers=headers)
    return web.Response(body=manifest.content, headers=headers)  # a HEAD keeps the length and loses the body


async def put_manifest(request: web.Request) -> web.Response:
    """PUT /v2/NAME/manifests/REFERENCE."""
    context = request.app[CONTEXT]
    repository = writable(context.target(request))
    reference = parse_tag_or_digest(request.match_info["reference"])
    check_size(request.content_length or 0, what=repository.path)
    content = await read_limited(request, LARGEST_BYTES, what=repository.path)
    media_type = request.headers.get("Content-Type", "")
    digest, subject = await context.hosted.put_manifest(repository, reference, content, media_type)
    headers = {"Location": f"/v2/{repository.path}/manifests/{digest}", "Docker-Content-Digest": str(digest)}
    if subject:
        headers["OCI-Subject"] = subject
    return web.Response(status=201, headers=headers)


async def delete_manifest(request: web.Request) -> web.Response:
    """DELETE /v2/NAME/manifests/REFERENCE: a tag, or a manifest with all its tags."""
    context = request.app[CONTEXT]
    reference = parse_tag_or_digest(request.match_info["reference"])
    await context.hosted.remove_manifest(writable(context.target(request)), reference)
    return web.Response(status=202)


def writable(target: Target) -> Repository:
    """Return the repository that a request may change. Raises Unimplemented for those of upstream registries."""
    if target.hosted is None:
        raise Unimplemented(
            f"{target.repositories[0]} is cached from its registry: push there",
            reason="UPSTREAM_READ_ONLY",
            metadata={"repository": str(target.repositories[0])},
        )
    return target.hosted


async def _find(context: DistributionContext, target: Target, reference: Digest | str) -> CachedManifest:
    *others, last = target.repositories
    for repository in others:
        try:
            return await _get(context, repository, reference)
        except NotFound:
            continue
    return await _get(context, last, reference)


async def _get(context: DistributionContext, repository: Repository, reference: Digest | str) -> CachedManifest:
    if repository.registry == HOSTED:
        return await context.hosted.manifest(repository, reference)
    return await context.manifests.get(repository, reference, freshness=Freshness.CACHED)
