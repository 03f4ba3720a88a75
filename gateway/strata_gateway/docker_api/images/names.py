"""Names of images as docker's clients send and expect them."""

from strata_chassis.errors import InvalidArgument
from strata_oci.errors import MalformedError
from strata_oci.reference import Reference


def familiar(name: str) -> str:
    """A full name as docker shows it: "docker.io/library/ubuntu:latest" is "ubuntu:latest"."""
    return Reference.parse(name).familiar


def joined(name: str, tag: str) -> str:
    """A name and what clients send in ``tag``: a tag, a digest or nothing."""
    if not tag:
        return name
    return f"{name}@{tag}" if ":" in tag else f"{name}:{tag}"


def parsed(text: str) -> Reference:
    """A reference with its default tag; InvalidArgument as docker words it."""
    try:
        return Reference.parse(text).with_default_tag()
    except MalformedError as error:
        raise InvalidArgument(
            f"invalid reference format: {error.message}", reason=error.reason, metadata={"reference": text}
        ) from error
