"""Handlers of uploads. Source: OCI distribution-spec, "Pushing Blobs" (POST, PATCH, PUT, mount)."""

from aiohttp import web

from strata_chassis.errors import InvalidArgument, OutOfRange
from strata_oci.digest import Digest
from strata_registry.api.http.body import pieces_of
from strata_registry.api.http.context import CONTEXT, DistributionContext
from strata_registry.api.http.manifests import writable
from strata_registry.core.addressing import HOSTED, address
from strata_registry.core.byte_range import ByteRange, parse_upload_range
from strata_registry.core.repository import Repository, parse_digest


async def start_upload(request: web.Request) -> web.Response:
    """POST /v2/NAME/blobs/uploads/: begin, or all at once with ``digest``, or none at all with ``mount``."""
    context = request.app[CONTEXT]
    repository = writable(context.target(request))
    mount = request.query.get("mount")
    is_whole = "digest" in request.query and mount is None
    if is_whole:
        parse_digest(request.query["digest"])  # before anything is begun
    if mount is not None and await _mount(context, repository, parse_digest(mount), request.query.get("from", "")):
        return _created(repository, parse_digest(mount))
    identifier = await context.uploads.begin(repository)
    if not is_whole:
        return _accepted(repository, identifier, 0)
    try:
        return await _finish(request, repository, identifier)
    except BaseException:  # a client that is gone as well: nobody was told the identifier, so nobody can go on
        await context.uploads.abandon(identifier)
        raise


async def upload_chunk(request: web.Request) -> web.Response:
    """PATCH /v2/NAME/blobs/uploads/ID."""
    context = request.app[CONTEXT]
    repository, identifier = _upload(request)
    try:
        size = await context.uploads.append(repository, identifier, pieces_of(request), _extent(request))
    except OutOfRange:
        held = await context.uploads.size(repository, identifier)
        return _accepted(repository, identifier, held, status=416)
    return _accepted(repository, identifier, size)


async def finish_upload(request: web.Request) -> web.Response:
    """PUT /v2/NAME/blobs/uploads/ID?digest=DIGEST, with the last chunk or nothing."""
    repository, identifier = _upload(request)
    extent = _extent(request)
    held = await request.app[CONTEXT].uploads.size(repository, identifier)
    if extent is not None and extent.start != held:
        return _accepted(repository, identifier, held, status=416)
    return await _finish(request, repository, identifier)


async def upload_status(request: web.Request) -> web.Response:
    """GET /v2/NAME/blobs/uploads/ID."""
    repository, identifier = _upload(request)
    size = await request.app[CONTEXT].uploads.size(repository, identifier)
    return _accepted(repository, identifier, size, status=204)


async def cancel_upload(request: web.Request) -> web.Response:
    """DELETE /v2/NAME/blobs/uploads/ID."""
    repository, identifier = _upload(request)
    await request.app[CONTEXT].uploads.cancel(repository, identifier)
    return web.Response(status=204)


async def _finish(request: web.Request, repository: Repository, identifier: str) -> web.Response:
    context = request.app[CONTEXT]
    digest = parse_digest(request.query.get("digest", ""))
    await context.uploads.finish(repository, identifier, digest, pieces_of(request))
    await context.hosted.add_blob(repository, digest)
    return _created(repository, digest)


async def _mount(context: DistributionContext, repository: Repository, digest: Digest, source: str) -> bool:
    """Take a blob over from another repository of this service, if it has it."""
    if not source:
        return False
    for place in address(source, "", context.upstreams).repositories:
        if place.registry == HOSTED and await context.hosted.has(place, digest):
            await context.hosted.add_blob(repository, digest)
            return True
    return False


def _upload(request: web.Request) -> tuple[Repository, str]:
    return writable(request.app[CONTEXT].target(request)), request.match_info["upload"]


def _extent(request: web.Request) -> ByteRange | None:
    header = request.headers.get("Content-Range")
    if header is None:
        return None
    extent = parse_upload_range(header)
    if extent is None or (request.content_length is not None and extent.length != request.content_length):
        raise InvalidArgument("the Content-Range does not fit the chunk", reason="UPLOAD_INVALID")
    return extent


def _accepted(repository: Repository, identifier: str, size: int, *, status: int = 202) -> web.Response:
    headers = {
        "Location": f"/v2/{repository.path}/blobs/uploads/{identifier}",
        "Range": f"0-{max(0, size - 1)}",
        "Docker-Upload-UUID": identifier,
        "OCI-Chunk-Min-Length": "0",
    }
    return web.Response(status=status, headers=headers)


def _created(repository: Repository, digest: Digest) -> web.Response:
    headers = {"Location": f"/v2/{repository.path}/blobs/{digest}", "Docker-Content-Digest": str(digest)}
    return web.Response(status=201, headers=headers)
