"""Handlers of blobs. Source: OCI distribution-spec, "Pulling blobs", "Deleting blobs"."""

from aiohttp import web

from strata_chassis.errors import NotFound
from strata_oci.digest import Digest
from strata_registry.api.http.blob_response import send_blob
from strata_registry.api.http.context import CONTEXT, DistributionContext
from strata_registry.api.http.manifests import writable
from strata_registry.core.addressing import HOSTED, Target
from strata_registry.core.repository import Repository, parse_digest


async def get_blob(request: web.Request) -> web.StreamResponse:
    """GET and HEAD /v2/NAME/blobs/DIGEST."""
    context = request.app[CONTEXT]
    digest = parse_digest(request.match_info["digest"])
    target = context.target(request)
    if request.method == "HEAD" and context.may_push(request):
        target = target.first  # it asks whether it must push a blob: that another registry has it is no answer
    repository = await _place(context, target, digest)
    async with context.blobs.open(repository, digest) as reader:
        return await send_blob(request, digest, reader)


async def delete_blob(request: web.Request) -> web.Response:
    """DELETE /v2/NAME/blobs/DIGEST."""
    context = request.app[CONTEXT]
    digest = parse_digest(request.match_info["digest"])
    await context.hosted.remove_blob(writable(context.target(request)), digest)
    return web.Response(status=202)


async def _place(context: DistributionContext, target: Target, digest: Digest) -> Repository:
    """Find the first repository that may have a blob: hosted ones say at once, others when they are asked."""
    for repository in target.repositories:
        if repository.registry != HOSTED or await context.hosted.has(repository, digest):
            return repository
    raise NotFound(f"blob {digest} not found", reason="BLOB_UNKNOWN", metadata={"digest": str(digest)})
