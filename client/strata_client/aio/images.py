"""Images, for programs that await."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

from strata.gateway.v1.gateway_pb2 import PullRequest, PullResponse
from strata.oci.v1.oci_pb2 import Credentials, Platform
from strata.store.v1.store_pb2 import Image

from strata.store.v1 import store_pb2 as pb
from strata_chassis.errors import Internal
from strata_client.aio.gateway import AsyncGateway
from strata_client.credentials import find_credentials

_PAGE_SIZE = 500


class Images:
    """What can be done with images."""

    def __init__(self, gateway: AsyncGateway) -> None:
        self._gateway = gateway

    async def pull(
        self, reference: str, platform: Platform | None = None, credentials: Credentials | None = None
    ) -> Image:
        """Make an image present and up to date; without ``credentials``, those of docker's configuration are used."""
        async with aclosing(self.watch_pull(reference, platform, credentials)) as events:
            async for event in events:
                if event.HasField("pulled"):
                    return event.pulled.image
        raise Internal("the gateway ended the pull without an image", reason="NO_RESPONSE")

    async def watch_pull(
        self, reference: str, platform: Platform | None = None, credentials: Credentials | None = None
    ) -> AsyncGenerator[PullResponse, None]:
        """Pull an image and give every event on the way: what the name stands for, layers, the image."""
        credentials = credentials or find_credentials(reference)
        request = PullRequest(reference=reference, platform=platform, credentials=credentials)
        async with self._gateway.stream(request, PullResponse) as stream:
            async for response in stream:
                yield response

    async def list(self, pattern: str = "") -> AsyncIterator[Image]:
        """Give all images, newest first; ``pattern`` is a repository with or without a tag, "*" allowed."""
        request = pb.ListImagesRequest(page_size=_PAGE_SIZE, reference_pattern=pattern)
        while True:
            page = await self._gateway.call(request, pb.ListImagesResponse)
            for one in page.images:
                yield one
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    async def get(self, image: str) -> pb.GetImageResponse:
        """Give one image with its manifest and config, by reference, digest or ID."""
        return await self._gateway.call(pb.GetImageRequest(image=image), pb.GetImageResponse)

    async def tag(self, image: str, reference: str) -> Image:
        """Give an image one more name."""
        return (
            await self._gateway.call(pb.TagImageRequest(image=image, reference=reference), pb.TagImageResponse)
        ).image

    async def remove(self, image: str, *, force: bool = False) -> pb.RemoveImageResponse:
        """Take a name away, and with the last one the image."""
        return await self._gateway.call(pb.RemoveImageRequest(image=image, force=force), pb.RemoveImageResponse)

    async def sharing_report(self) -> pb.GetSharingReportResponse:
        """Say what is stored once and used many times, per image, per layer and in all."""
        return await self._gateway.call(pb.GetSharingReportRequest(), pb.GetSharingReportResponse)
