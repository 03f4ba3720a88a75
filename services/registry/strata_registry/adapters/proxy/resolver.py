"""From a reference to the manifest of one platform."""

from dataclasses import dataclass

from strata_chassis.errors import FailedPrecondition
from strata_oci.descriptor import Descriptor
from strata_oci.index import Index
from strata_oci.platform import Platform
from strata_oci.reference import Reference
from strata_registry.adapters.proxy.manifests import CachedManifest, Manifests
from strata_registry.core.credentials import Credential
from strata_registry.core.freshness import Freshness
from strata_registry.core.manifest import examine
from strata_registry.core.repository import Repository
from strata_registry.core.selection import select

_DEEPEST_INDEX = 4


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a reference names, and the manifest for the platform; the same where there is no index."""

    target: Descriptor
    manifest: Descriptor
    is_stale: bool


async def resolve(
    manifests: Manifests,
    reference: Reference,
    platform: Platform,
    credential: Credential | None,
    freshness: Freshness,
) -> Resolved:
    """Resolve a complete reference, through indexes of indexes if need be.

    Raises what the registry refuses with, and NotFound (PLATFORM_UNKNOWN).
    """
    repository = Repository(reference.domain, reference.path)
    wanted = reference.digest or reference.tag or ""
    found = await manifests.get(repository, wanted, credential, freshness)
    target = chosen = found.descriptor
    for _ in range(_DEEPEST_INDEX):
        document = examine(found.content, found.media_type, what=str(reference)).document
        if not isinstance(document, Index):
            return Resolved(target, chosen, found.is_stale)
        chosen = select(document, platform, what=str(reference))
        is_stale = found.is_stale
        found = await manifests.get(repository, chosen.digest, credential)
        found = CachedManifest(found.content, found.media_type, found.digest, is_stale)
    raise FailedPrecondition(
        f"{reference} is an index of indexes without end",
        reason="MANIFEST_INVALID",
        metadata={"reference": str(reference)},
    )
