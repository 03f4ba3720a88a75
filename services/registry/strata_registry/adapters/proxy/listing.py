"""Tags and referrers, page by page."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from strata_chassis.errors import InvalidArgument, Unavailable
from strata_oci.descriptor import Descriptor
from strata_oci.digest import Digest
from strata_oci.errors import MalformedError
from strata_registry.adapters.cache.catalogue import Catalogue
from strata_registry.adapters.upstream.manifests import UpstreamManifests
from strata_registry.core.credentials import Credential
from strata_registry.core.repository import Repository

T = TypeVar("T")
_USUAL_PAGE = 100
_LARGEST_PAGE = 1000


@dataclass(frozen=True, slots=True)
class ListPage(Generic[T]):
    """A part of a list; ``next_token`` is empty on the last one."""

    entries: list[T]
    next_token: str = ""


class Listing:
    """Lists what upstream has; tags from what is known here when upstream is gone."""

    def __init__(self, upstream: UpstreamManifests, catalogue: Catalogue, *, is_offline: bool) -> None:
        self._upstream = upstream
        self._catalogue = catalogue
        self._is_offline = is_offline

    async def tags(
        self, repository: Repository, credential: Credential | None, *, page_size: int, after: str
    ) -> ListPage[str]:
        """List tags in lexical order, from the one after ``after``."""
        size = checked_page_size(page_size)
        if self._is_offline:
            tags, more = await self._catalogue.tags(str(repository)), False
        else:
            tags, more = await self._upstream_tags(repository, credential, size, after)
        tags = [tag for tag in tags if tag > after]
        more = more or len(tags) > size
        return ListPage(tags[:size], tags[:size][-1] if more and tags else "")

    async def _upstream_tags(
        self, repository: Repository, credential: Credential | None, size: int, after: str
    ) -> tuple[list[str], bool]:
        """Return tags and whether there are more; what is known here when upstream is gone."""
        try:
            page = await self._upstream.tags(repository, credential, size=size, after=after)
        except Unavailable:
            known = await self._catalogue.tags(str(repository))
            if not known:
                raise
            return known, False
        return sorted(map(str, page.entries)), page.next_path is not None

    async def referrers(
        self,
        repository: Repository,
        digest: Digest,
        credential: Credential | None,
        *,
        artifact_type: str,
        page_size: int,
        after: str,
    ) -> ListPage[Descriptor]:
        """List referrers in the order of their digests, from the one after ``after``."""
        size = checked_page_size(page_size)
        documents = await self._upstream.referrers(repository, digest, credential, artifact_type)
        try:
            found = sorted((Descriptor.read(document) for document in documents), key=lambda entry: entry.digest)
        except (MalformedError, AttributeError) as error:
            raise Unavailable("the registry's referrers cannot be read", reason="LIST_UNREADABLE") from error
        rest = [entry for entry in found if str(entry.digest) > after]
        return ListPage(rest[:size], str(rest[size - 1].digest) if len(rest) > size else "")


def checked_page_size(page_size: int) -> int:
    """Complete what a caller says of a page's size. Raises InvalidArgument."""
    if page_size < 0:
        raise InvalidArgument("page_size is negative", reason="PAGE_SIZE_INVALID")
    return min(page_size or _USUAL_PAGE, _LARGEST_PAGE)
