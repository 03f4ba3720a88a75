"""The error for bytes that are not what their name says."""

from strata_chassis.errors import DataLoss
from strata_oci.digest import Digest


def digest_mismatch(what: str, expected: Digest, found: Digest) -> DataLoss:
    """Make the error; ``what`` says which bytes: "blob of a layer", "manifest"."""
    return DataLoss(
        f"the {what} has digest {found}, not {expected}",
        reason="DIGEST_MISMATCH",
        metadata={"expected": str(expected), "found": str(found)},
    )
