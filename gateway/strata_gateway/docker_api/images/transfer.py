"""Pull, push, and what a registry knows of an image."""

from strata.gateway.v1 import gateway_pb2 as pb
from strata.registry.v1 import registry_pb2
from strata_chassis.errors import StrataError
from strata_gateway.docker_api.errors import progress_of
from strata_gateway.docker_api.images.archives import import_image
from strata_gateway.docker_api.images.names import joined, parsed
from strata_gateway.docker_api.images.progress import PullProgress, push_documents
from strata_gateway.docker_api.parameters import credentials_of, platform_of
from strata_gateway.docker_api.routes import Routes
from strata_gateway.engine.engine import Engine
from strata_gateway.web.exchange import Exchange


async def pull(engine: Engine, exchange: Exchange) -> None:
    """POST /images/create; a pull that fails before anything was told of it fails with a status."""
    request = exchange.request
    if request.text("fromSrc"):
        await import_image(engine, exchange)
        return
    asked = pb.PullRequest(
        reference=joined(request.text("fromImage"), request.text("tag")),
        platform=platform_of(request.text("platform")),
        credentials=credentials_of(exchange),
    )
    progress = PullProgress()
    try:
        async for step in engine.pull(asked):
            if not exchange.has_begun:
                await exchange.begin()
            for document in progress.documents(step):
                await exchange.send_json(document)
    except StrataError as error:
        if not exchange.has_begun:
            raise
        await exchange.send_json(progress_of(error))
    await exchange.end()


async def push(engine: Engine, exchange: Exchange) -> None:
    """POST /images/{name}/push."""
    tag = exchange.request.text("tag") or "latest"
    asked = pb.PushRequest(reference=joined(exchange.parts["name"], tag), credentials=credentials_of(exchange))
    await exchange.begin()
    try:
        await exchange.send_json({"status": f"The push refers to repository [{parsed(asked.reference).name}]"})
        async for step in engine.push(asked):
            for document in push_documents(step, tag):
                await exchange.send_json(document)
    except StrataError as error:
        await exchange.send_json(progress_of(error))
    await exchange.end()


async def distribution(engine: Engine, exchange: Exchange) -> None:
    """GET /distribution/{name}/json: what a reference stands for at its registry."""
    resolved = await engine.peers.registry.Resolve(
        registry_pb2.ResolveRequest(reference=exchange.parts["name"], credentials=credentials_of(exchange))
    )
    target, platform = resolved.target, resolved.manifest.platform
    await exchange.reply(
        {
            "Descriptor": {"mediaType": target.media_type, "digest": target.digest, "size": target.size_bytes},
            "Platforms": [{"architecture": platform.architecture, "os": platform.os}] if platform.os else [],
        }
    )


ROUTES: Routes = (
    ("POST", "/images/create", pull),
    ("POST", "/images/{name*}/push", push),
    ("GET", "/distribution/{name*}/json", distribution),
)
