"""Names as people see them: short references, short IDs, states in words."""

from collections.abc import Sequence

_SHORT_ID = 12
_DEFAULT_REGISTRY = "docker.io/"
_DEFAULT_REPOSITORY = "docker.io/library/"


def short_id(digest: str) -> str:
    """Twelve hex digits of an ID or digest."""
    return digest.rpartition(":")[2][:_SHORT_ID]


def familiar(reference: str) -> str:
    """A full reference without what is the default: "docker.io/library/debian:12" is "debian:12"."""
    return reference.removeprefix(_DEFAULT_REPOSITORY).removeprefix(_DEFAULT_REGISTRY)


def split_name(reference: str) -> tuple[str, str]:
    """Repository and tag of a reference with a tag."""
    repository, colon, tag = reference.rpartition(":")
    return (repository, tag) if colon and "/" not in tag else (reference, "<none>")


def command_text(words: Sequence[str], *, is_cut: bool) -> str:
    """A command line in quotes, cut to twenty characters for tables."""
    text = " ".join(words)
    if is_cut and len(text) > 20:  # noqa: PLR2004
        text = text[:19] + "…"
    return f'"{text}"'
