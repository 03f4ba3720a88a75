"""Repositories by their full names: registry and path."""

from dataclasses import dataclass

from strata_chassis.errors import InvalidArgument
from strata_oci.digest import Digest
from strata_oci.errors import MalformedError
from strata_oci.reference import Reference, is_tag


@dataclass(frozen=True, slots=True, order=True)
class Repository:
    """A repository of a registry: ``docker.io`` and ``library/ubuntu``."""

    registry: str
    path: str

    def __str__(self) -> str:
        """Write the full name."""
        return f"{self.registry}/{self.path}"


def parse_repository(name: str) -> Repository:
    """Read a full name (``docker.io/library/ubuntu``); a short one is completed as docker completes it.

    Raises InvalidArgument.
    """
    reference = parse_reference(name)
    if reference.tag or reference.digest:
        raise InvalidArgument(
            f"{name} names more than a repository", reason="REFERENCE_INVALID", metadata={"reference": name}
        )
    return Repository(reference.domain, reference.path)


def parse_reference(text: str) -> Reference:
    """Read what a user typed. Raises InvalidArgument with docker's words."""
    try:
        return Reference.parse(text)
    except MalformedError as error:
        raise InvalidArgument(
            f"invalid reference format: {error.message}", reason=error.reason, metadata={"reference": text[:300]}
        ) from error


def parse_digest(text: str) -> Digest:
    """Read a digest. Raises InvalidArgument."""
    try:
        return Digest.parse(text)
    except MalformedError as error:
        raise InvalidArgument(error.message, reason=error.reason, metadata={"digest": text[:300]}) from error


def parse_tag_or_digest(text: str) -> Digest | str:
    """Read what may follow a repository's name: a digest, or a tag as plain text. Raises InvalidArgument."""
    if ":" in text:
        return parse_digest(text)
    if not is_tag(text):
        raise InvalidArgument(f"{text[:300]!r} is not a tag", reason="REFERENCE_INVALID", metadata={"tag": text[:300]})
    return text
