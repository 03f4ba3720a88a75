"""What images are called."""

from collections.abc import Iterable
from fnmatch import fnmatchcase

from strata_chassis.errors import InvalidArgument
from strata_oci.digest import Digest
from strata_oci.errors import MalformedError
from strata_oci.reference import Reference


def parse_reference(text: str) -> Reference:
    """Read a name with docker's defaults. Raises InvalidArgument (REFERENCE_INVALID)."""
    try:
        return Reference.parse(text).with_default_tag()
    except MalformedError as error:
        raise InvalidArgument(error.message, reason=error.reason, metadata={"reference": text[:300]}) from error


def tag_name(reference: Reference) -> str:
    """Return the name in full that a reference gives or means; without a digest."""
    return str(reference.without_digest().with_default_tag())


def names_for(reference: str, repository: str, manifest: Digest, index: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the names and repo digests of an image that was pulled by ``reference``.

    A reference with a digest and no tag gives no name: it is pinned, and found by its repo digest.
    """
    parsed = parse_reference(reference or f"{repository}@{manifest}")
    names = (tag_name(parsed),) if parsed.tag else ()
    pinned = [f"{parsed.name}@{manifest}", *([f"{parsed.name}@{index}"] if index else [])]
    return names, tuple(dict.fromkeys(pinned))


def matches(pattern: str, names: Iterable[str]) -> bool:
    """Whether one of an image's names fits a pattern: a repository, with a tag or without, "*" for anything.

    As docker has it: a pattern without a tag means all tags, and names may be written the short way.
    """
    for name in names:
        reference = Reference.parse(name)
        for shown in (str(reference), reference.familiar):
            repository = shown.rpartition(":")[0]
            if fnmatchcase(shown, pattern) or fnmatchcase(repository, pattern):
                return True
    return False


def parse_position(token: str) -> tuple[int, str] | None:
    """Read where a page of images ended: time and digest. Raises InvalidArgument (PAGE_TOKEN_INVALID)."""
    if not token:
        return None
    time_ns, _, digest = token.partition(":")
    if not time_ns.isdigit():
        raise InvalidArgument("the page token is not one that a list gave", reason="PAGE_TOKEN_INVALID")
    return int(time_ns), digest


def holder(lease: str) -> str:
    """Say whom a lease belongs to: "container 0123456789ab" for "container/<64 digits>"."""
    kind, slash, name = lease.partition("/")
    return f"{kind} {name[:12]}" if slash else f"lease {lease}"
