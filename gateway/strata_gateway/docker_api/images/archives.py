"""Images in and out of archives: commit, import, save, load."""

from collections.abc import AsyncIterator, Sequence

from strata.gateway.v1 import gateway_pb2 as pb
from strata_chassis.errors import InvalidArgument, StrataError
from strata_gateway.docker_api.containers.files import TAR
from strata_gateway.docker_api.errors import progress_of
from strata_gateway.docker_api.images.names import familiar, joined
from strata_gateway.docker_api.parameters import platform_of
from strata_gateway.docker_api.routes import Routes
from strata_gateway.engine.engine import Engine
from strata_gateway.web.exchange import Exchange


async def commit(engine: Engine, exchange: Exchange) -> None:
    """POST /commit: ``changes`` are Dockerfile instructions, one a line."""
    request = exchange.request
    image = await engine.commit(
        pb.CommitRequest(
            container=request.text("container"),
            reference=joined(request.text("repo"), request.text("tag")) if request.text("repo") else "",
            author=request.text("author"),
            message=request.text("comment"),
            changes=_changes(request.query.get("changes", ())),
            pause=request.flag("pause", default=True),
        )
    )
    await exchange.reply({"Id": image.id}, 201)


def _changes(parameters: Sequence[str]) -> list[str]:
    return [line for text in parameters for line in text.splitlines() if line.strip()]


async def import_image(engine: Engine, exchange: Exchange) -> None:
    """POST /images/create with ``fromSrc=-``: the body is the tar of a root file system."""
    await exchange.begin()
    try:
        image = await engine.import_image(_import_requests(exchange))
        await exchange.send_json({"status": image.id})
    except StrataError as error:
        await exchange.send_json(progress_of(error))
    await exchange.end()


async def _import_requests(exchange: Exchange) -> AsyncIterator[pb.ImportImageRequest]:
    request = exchange.request
    yield pb.ImportImageRequest(
        header=pb.ImportImageRequest.Header(
            reference=joined(request.text("repo"), request.text("tag")) if request.text("repo") else "",
            message=request.text("message"),
            changes=_changes(request.query.get("changes", ())),
            platform=platform_of(request.text("platform")),
        )
    )
    async for chunk in request.body:
        yield pb.ImportImageRequest(data=chunk)


async def save(engine: Engine, exchange: Exchange) -> None:
    """GET /images/get?names= and GET /images/{name}/get."""
    names = exchange.request.query.get("names") or [exchange.parts.get("name", "")]
    wanted = [name for text in names for name in text.split(",") if name]
    if not wanted:
        raise InvalidArgument("no image was named", reason="PARAMETER_INVALID")
    async for piece in engine.save_images(pb.SaveImagesRequest(images=wanted)):
        if not exchange.has_begun:
            await exchange.begin(TAR)
        await exchange.send(piece)
    await exchange.end()


async def load(engine: Engine, exchange: Exchange) -> None:
    """POST /images/load."""
    await exchange.begin()
    try:
        async for image in engine.load_images(exchange.request.body):
            names = [familiar(name) for name in image.names]
            said = [f"Loaded image: {name}" for name in names] or [f"Loaded image ID: {image.id}"]
            for line in said:
                await exchange.send_json({"stream": f"{line}\n"})
    except StrataError as error:
        await exchange.send_json(progress_of(error))
    await exchange.end()


ROUTES: Routes = (
    ("POST", "/commit", commit),
    ("GET", "/images/get", save),
    ("GET", "/images/{name*}/get", save),
    ("POST", "/images/load", load),
)
