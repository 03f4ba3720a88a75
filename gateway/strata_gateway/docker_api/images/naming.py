"""Tag and remove images."""

from strata.store.v1 import store_pb2 as pb
from strata_gateway.docker_api.images.names import familiar, joined, parsed
from strata_gateway.docker_api.routes import Routes
from strata_gateway.engine.engine import Engine
from strata_gateway.web.exchange import Exchange


async def tag(engine: Engine, exchange: Exchange) -> None:
    """POST /images/{name}/tag."""
    request = exchange.request
    name = parsed(joined(request.text("repo"), request.text("tag")))
    await engine.peers.store.TagImage(pb.TagImageRequest(image=exchange.parts["name"], reference=str(name)))
    await exchange.reply_empty(201)


async def remove(engine: Engine, exchange: Exchange) -> None:
    """DELETE /images/{name}."""
    removed = await engine.peers.store.RemoveImage(
        pb.RemoveImageRequest(image=exchange.parts["name"], force=exchange.request.flag("force"))
    )
    untagged = [{"Untagged": familiar(name)} for name in removed.untagged]
    await exchange.reply([*untagged, *({"Deleted": digest} for digest in removed.deleted)])


ROUTES: Routes = (
    ("POST", "/images/{name*}/tag", tag),
    ("DELETE", "/images/{name*}", remove),
)
