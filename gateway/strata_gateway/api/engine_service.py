"""The servicer of strata.gateway.v1: hands each call to the engine and its results back."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import grpc
from strata.gateway.v1.gateway_pb2_grpc import GatewayServiceServicer

from strata.gateway.v1 import gateway_pb2 as pb
from strata_gateway.engine.engine import Engine

Context = grpc.aio.ServicerContext[Any, Any]


class EngineService(GatewayServiceServicer):
    """Answers the composed calls."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def Pull(self, request: pb.PullRequest, context: Context) -> AsyncIterator[pb.PullResponse]:
        """Make an image present and up to date."""
        async with aclosing(self._engine.pull(request)) as steps:
            async for step in steps:
                yield step

    async def Push(self, request: pb.PushRequest, context: Context) -> AsyncIterator[pb.PushResponse]:
        """Upload an image."""
        async with aclosing(self._engine.push(request)) as steps:
            async for step in steps:
                yield step

    async def CreateContainer(self, request: pb.CreateContainerRequest, context: Context) -> pb.CreateContainerResponse:
        """Make a container of an image."""
        return await self._engine.create_container(request)

    async def Run(
        self, request_iterator: AsyncIterator[pb.RunRequest], context: Context
    ) -> AsyncIterator[pb.RunResponse]:
        """Make a container, attach, start."""
        async with aclosing(self._engine.run(request_iterator)) as steps:
            async for step in steps:
                yield step

    async def Commit(self, request: pb.CommitRequest, context: Context) -> pb.CommitResponse:
        """Make an image of a container's changes."""
        return pb.CommitResponse(image=await self._engine.commit(request))

    async def ImportImage(
        self, request_iterator: AsyncIterator[pb.ImportImageRequest], context: Context
    ) -> pb.ImportImageResponse:
        """Make an image of one layer."""
        return pb.ImportImageResponse(image=await self._engine.import_image(request_iterator))

    async def SaveImages(self, request: pb.SaveImagesRequest, context: Context) -> AsyncIterator[pb.SaveImagesResponse]:
        """Stream an archive of images."""
        async with aclosing(self._engine.save_images(request)) as pieces:
            async for piece in pieces:
                yield pb.SaveImagesResponse(data=piece)

    async def LoadImages(
        self, request_iterator: AsyncIterator[pb.LoadImagesRequest], context: Context
    ) -> AsyncIterator[pb.LoadImagesResponse]:
        """Store the images of an archive."""
        chunks = (request.data async for request in request_iterator)
        async with aclosing(self._engine.load_images(chunks)) as images:
            async for image in images:
                yield pb.LoadImagesResponse(image=image)

    async def Build(
        self, request_iterator: AsyncIterator[pb.BuildRequest], context: Context
    ) -> AsyncIterator[pb.BuildResponse]:
        """Build an image."""
        async with aclosing(self._engine.build(request_iterator)) as steps:
            async for step in steps:
                yield step

    async def Prune(self, request: pb.PruneRequest, context: Context) -> pb.PruneResponse:
        """Remove what is not used."""
        return await self._engine.prune(request)

    async def GetDiskUsage(self, request: pb.GetDiskUsageRequest, context: Context) -> pb.GetDiskUsageResponse:
        """Say what takes how much."""
        return await self._engine.disk_usage(request)

    async def GetInfo(self, request: pb.GetInfoRequest, context: Context) -> pb.GetInfoResponse:
        """Say what runs here."""
        return await self._engine.info()

    async def GetVersion(self, request: pb.GetVersionRequest, context: Context) -> pb.GetVersionResponse:
        """Say which version this is."""
        return await self._engine.version()

    async def CheckCredentials(
        self, request: pb.CheckCredentialsRequest, context: Context
    ) -> pb.CheckCredentialsResponse:
        """Ask a registry whether it accepts credentials."""
        return await self._engine.check_credentials(request)
