"""Images as rows of a table, and the lists they come in."""

from collections.abc import Sequence

from strata.store.v1.store_pb2 import Image, ListImagesRequest, ListImagesResponse

from strata_client.cli.names import familiar, short_id, split_name
from strata_client.cli.quantities import ago_text, local_text, size_text
from strata_client.cli.tables import paged
from strata_client.gateway import Gateway

_PAGE_SIZE = 500


def list_images(gateway: Gateway, pattern: str = "") -> list[Image]:
    """All images, newest first; ``pattern`` is a repository with or without a tag."""

    def fetch(token: str) -> tuple[Sequence[Image], str]:
        request = ListImagesRequest(page_size=_PAGE_SIZE, page_token=token, reference_pattern=pattern)
        page = gateway.call(request, ListImagesResponse)
        return page.images, page.next_page_token

    return paged(fetch)


def rows_of(image: Image, *, is_cut: bool = True) -> list[dict[str, str]]:
    """One row for every name of an image, by the fields that ``--format`` knows; one without a name has one row."""
    names = [split_name(familiar(name)) for name in image.names if "@" not in name]
    if not names:
        repository = image.repo_digests[0].partition("@")[0] if image.repo_digests else "<none>"
        names = [(familiar(repository), "<none>")]
    common = {
        "ID": short_id(image.id) if is_cut else image.id,
        "Digest": _digest(image),
        "CreatedAt": local_text(image.create_time) if image.create_time.seconds else "N/A",
        "CreatedSince": ago_text(image.create_time),
        "Size": size_text(image.logical_bytes),
        "Containers": "N/A",
    }
    return [{"Repository": repository, "Tag": tag, **common} for repository, tag in names]


def _digest(image: Image) -> str:
    """Digest by which a registry knows the image."""
    return image.repo_digests[0].partition("@")[2] if image.repo_digests else image.digest
