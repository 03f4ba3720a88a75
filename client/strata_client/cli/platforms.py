"""Platforms as people write them."""

from strata.oci.v1.oci_pb2 import Platform

from strata_client.cli.parsing import UsageError


def parse_platform(text: str) -> Platform | None:
    """Read "linux/arm64" or "linux/arm/v7"; nothing at all means the host's."""
    if not text:
        return None
    parts = text.split("/")
    if not 2 <= len(parts) <= 3 or not all(parts):  # noqa: PLR2004
        raise UsageError(f"invalid platform {text!r}: write it as linux/arm64 or linux/arm/v7")
    return Platform(os=parts[0], architecture=parts[1], variant="".join(parts[2:]))
