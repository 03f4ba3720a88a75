"""Which manifest of an index is meant for a platform."""

from strata_chassis.errors import NotFound
from strata_oci.descriptor import Descriptor
from strata_oci.index import Index
from strata_oci.platform import Platform


def select(index: Index, platform: Platform, *, what: str) -> Descriptor:
    """Choose the entry of an index that suits a platform best.

    Raises NotFound (PLATFORM_UNKNOWN) with docker's words when nothing does.
    """
    found = index.select(platform)
    if found is None:
        offered = ", ".join(sorted({str(offer) for offer in index.platforms if offer.os != "unknown"}))
        raise NotFound(
            f"no matching manifest for {platform} in the manifest list entries of {what} (it has {offered or 'none'})",
            reason="PLATFORM_UNKNOWN",
            metadata={"reference": what, "platform": str(platform), "offered": offered},
        )
    return found
