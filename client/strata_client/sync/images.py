"""Images, for programs that block."""

from collections.abc import Iterator

from strata.gateway.v1.gateway_pb2 import PullRequest, PullResponse
from strata.oci.v1.oci_pb2 import Credentials, Platform
from strata.store.v1.store_pb2 import Image

from strata.store.v1 import store_pb2 as pb
from strata_chassis.errors import Internal
from strata_client.credentials import find_credentials
from strata_client.gateway import Gateway

_PAGE_SIZE = 500


class Images:
    """What can be done with images."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def pull(self, reference: str, platform: Platform | None = None, credentials: Credentials | None = None) -> Image:
        """Make an image present and up to date; without ``credentials``, those of docker's configuration are used."""
        for event in self.watch_pull(reference, platform, credentials):
            if event.HasField("pulled"):
                return event.pulled.image
        raise Internal("the gateway ended the pull without an image", reason="NO_RESPONSE")

    def watch_pull(
        self, reference: str, platform: Platform | None = None, credentials: Credentials | None = None
    ) -> Iterator[PullResponse]:
        """Pull an image and give every event on the way: what the name stands for, layers, the image."""
        credentials = credentials or find_credentials(reference)
        request = PullRequest(reference=reference, platform=platform, credentials=credentials)
        with self._gateway.stream(request, PullResponse) as stream:
            yield from stream

    def list(self, pattern: str = "") -> Iterator[Image]:
        """Give all images, newest first; ``pattern`` is a repository with or without a tag, "*" allowed."""
        request = pb.ListImagesRequest(page_size=_PAGE_SIZE, reference_pattern=pattern)
        while True:
            page = self._gateway.call(request, pb.ListImagesResponse)
            yield from page.images
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    def get(self, image: str) -> pb.GetImageResponse:
        """Give one image with its manifest and config, by reference, digest or ID."""
        return self._gateway.call(pb.GetImageRequest(image=image), pb.GetImageResponse)

    def tag(self, image: str, reference: str) -> Image:
        """Give an image one more name."""
        return self._gateway.call(pb.TagImageRequest(image=image, reference=reference), pb.TagImageResponse).image

    def remove(self, image: str, *, force: bool = False) -> pb.RemoveImageResponse:
        """Take a name away, and with the last one the image."""
        return self._gateway.call(pb.RemoveImageRequest(image=image, force=force), pb.RemoveImageResponse)

    def sharing_report(self) -> pb.GetSharingReportResponse:
        """Say what is stored once and used many times, per image, per layer and in all."""
        return self._gateway.call(pb.GetSharingReportRequest(), pb.GetSharingReportResponse)
