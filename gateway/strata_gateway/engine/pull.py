"""Pull: ask the registry what a reference stands for, then have the store make that image present."""

from collections.abc import AsyncGenerator

from strata.gateway.v1 import gateway_pb2 as pb
from strata.registry.v1 import registry_pb2 as registry_pb
from strata.store.v1 import store_pb2 as store_pb
from strata_chassis.errors import NotFound
from strata_gateway.adapters.peers import Peers


async def pull(peers: Peers, request: pb.PullRequest) -> AsyncGenerator[pb.PullResponse, None]:
    """Make the image present and up to date; yields every step, the last being ``pulled``."""
    resolved = await peers.registry.Resolve(_resolve_request(request))
    yield pb.PullResponse(resolved=_what_it_stands_for(resolved))
    before = await find_image(peers, resolved.canonical_reference)
    call = peers.store.EnsureImage(_ensure_request(resolved, request))
    try:
        async for message in call:
            if message.WhichOneof("event") == "layer":
                yield pb.PullResponse(layer=message.layer)
            else:
                up_to_date = before is not None and before.digest == message.image.digest
                yield pb.PullResponse(pulled=pb.PullResponse.Pulled(image=message.image, up_to_date=up_to_date))
    finally:
        call.cancel()


async def find_image(peers: Peers, name: str) -> store_pb.Image | None:
    """Return the image that is here under a reference, digest or ID; None when there is none."""
    try:
        return (await peers.store.GetImage(store_pb.GetImageRequest(image=name))).image
    except NotFound:
        return None


def _resolve_request(request: pb.PullRequest) -> registry_pb.ResolveRequest:
    return registry_pb.ResolveRequest(
        reference=request.reference,
        platform=request.platform if request.HasField("platform") else None,
        credentials=request.credentials if request.HasField("credentials") else None,
        freshness=registry_pb.FRESHNESS_REVALIDATE,
    )


def _what_it_stands_for(resolved: registry_pb.ResolveResponse) -> pb.PullResponse.Resolved:
    return pb.PullResponse.Resolved(
        canonical_reference=resolved.canonical_reference, digest=resolved.target.digest, stale=resolved.stale
    )


def _ensure_request(resolved: registry_pb.ResolveResponse, request: pb.PullRequest) -> store_pb.EnsureImageRequest:
    return store_pb.EnsureImageRequest(
        reference=resolved.canonical_reference,
        repository=resolved.repository,
        manifest_digest=resolved.manifest.digest,
        credentials=request.credentials if request.HasField("credentials") else None,
        index_digest=resolved.target.digest if resolved.target.digest != resolved.manifest.digest else "",
    )
