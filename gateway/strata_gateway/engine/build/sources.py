"""What COPY and ADD copy from: the context, an earlier stage, or any image."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from strata.gateway.v1 import gateway_pb2 as pb
from strata.runtime.v1 import container_pb2
from strata_gateway.adapters.spool import Spool
from strata_gateway.adapters.tars import TarIndex
from strata_gateway.core.build.ignore import ignorer
from strata_gateway.engine.build.copies import Arguments, Source, copied_out, prefix_of
from strata_gateway.engine.build.links import real_path
from strata_gateway.engine.build.session import BuildSession

_IGNORE_FILE = ".dockerignore"


@asynccontextmanager
async def context_of(session: BuildSession, requests: AsyncIterator[pb.BuildRequest]) -> AsyncIterator[Source]:
    """The context, kept in a file within the block; ``.dockerignore`` holds for what is copied from it."""
    with Spool(session.folder) as spool:
        await spool.fill(request.context async for request in requests)
        index = await Spool.in_thread(TarIndex, spool.file)
        text = index.read(_IGNORE_FILE).decode("utf-8", "replace") if _IGNORE_FILE in index.members else ""
        yield Source(index, ignorer(text))


@asynccontextmanager
async def image_source(session: BuildSession, digest: str, arguments: Arguments) -> AsyncIterator[Source]:
    """As much of an image as the sources of a copy are in."""
    spec = container_pb2.ContainerSpec(image="build", image_digest=digest)
    async with session.container(spec) as container:
        real_paths = {source: await real_path(session, container, source) for source in arguments.sources}
        prefix = prefix_of(real_paths.values())
        with Spool(session.folder) as spool:
            await spool.fill(copied_out(session, container, f"/{prefix}"))
            index = await Spool.in_thread(TarIndex, spool.file, prefix.rpartition("/")[0])
            yield Source(index, lambda _: False, real_paths)
