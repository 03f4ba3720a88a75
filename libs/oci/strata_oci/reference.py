"""Names of images, as people write them. Source: github.com/distribution/reference, ``reference.go``.

reference := name [":" tag] ["@" digest]
name      := [domain "/"] path
domain    := (host-name | IPv4 | "[" IPv6 "]") [":" port]
"""

import re
from dataclasses import dataclass, replace
from typing import Self

from strata_oci.digest import Digest
from strata_oci.errors import MalformedError

DEFAULT_DOMAIN = "docker.io"
DEFAULT_TAG = "latest"
_LEGACY_DOMAIN = "index.docker.io"
_OFFICIAL_PREFIX = "library/"
_PATH_CHARACTERS = 255
_TEXT_CHARACTERS = 4096  # ours: longer than any name that a registry can serve
_SHOWN_CHARACTERS = 300

_LABEL = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_DOMAIN = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?"
_COMPONENT = r"[a-z0-9]+(?:(?:[._]|__|[-]+)[a-z0-9]+)*"
_PATH = rf"{_COMPONENT}(?:/{_COMPONENT})*"
_TAG = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
_REFERENCE = re.compile(rf"(?P<domain>{_DOMAIN})/(?P<path>{_PATH})(?::(?P<tag>{_TAG}))?(?:@(?P<digest>.+))?")
_IDENTIFIER = re.compile(r"[a-f0-9]{64}")
_TAG_ONLY = re.compile(_TAG)


@dataclass(frozen=True, order=True, slots=True)
class Reference:
    """A complete name: the domain is never left out. Build it with ``parse``."""

    domain: str
    path: str
    tag: str | None = None
    digest: Digest | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return what ``text`` names, with docker's defaults for the domain and ``library/``; no tag is added.

        Raises MalformedError, also for 64 hex digits, which would be taken for an image's id.
        """
        if _IDENTIFIER.fullmatch(text):
            raise _malformed(text, "64 hexadecimal digits are an id, not a name")
        if len(text) > _TEXT_CHARACTERS:
            raise _malformed(text, f"it is longer than {_TEXT_CHARACTERS} characters")
        domain, rest = _split(text)
        if (repository := rest.partition(":")[0].partition("@")[0]) != repository.lower():
            raise _malformed(text, "the repository must be lower case")
        match = _REFERENCE.fullmatch(f"{domain}/{rest}")
        if match is None:
            raise _malformed(text, "it must look like [registry/]repository[:tag][@digest]")
        if len(match["path"]) > _PATH_CHARACTERS:
            raise _malformed(text, f"the repository is longer than {_PATH_CHARACTERS} characters")
        digest = None if match["digest"] is None else Digest.parse(match["digest"])
        return cls(match["domain"], match["path"], match["tag"], digest)

    @property
    def name(self) -> str:
        """Domain and path: the repository."""
        return f"{self.domain}/{self.path}"

    @property
    def familiar(self) -> str:
        """The shortest way to write the same: what docker shows."""
        if self.domain != DEFAULT_DOMAIN:
            return str(self)
        path = self.path.removeprefix(_OFFICIAL_PREFIX)
        return _joined(self.path if "/" in path else path, self.tag, self.digest)

    def with_default_tag(self) -> Self:
        """Return the same with tag ``latest`` if neither tag nor digest is given."""
        return self if self.tag or self.digest else replace(self, tag=DEFAULT_TAG)

    def with_digest(self, digest: Digest) -> Self:
        """Return the same, pinned to ``digest``."""
        return replace(self, digest=digest)

    def without_digest(self) -> Self:
        """Return the same without its digest."""
        return replace(self, digest=None)

    def __str__(self) -> str:
        return _joined(self.name, self.tag, self.digest)


def is_tag(text: str) -> bool:
    """Whether ``text`` can be a tag."""
    return _TAG_ONLY.fullmatch(text) is not None


def _split(text: str) -> tuple[str, str]:
    """Return domain and rest, after the rule by which docker tells ``localhost/x`` from ``user/x``."""
    first, separator, rest = text.partition("/")
    if not separator:
        return DEFAULT_DOMAIN, _OFFICIAL_PREFIX + text
    is_domain = first == "localhost" or "." in first or ":" in first or first.lower() != first
    domain, path = (first, rest) if is_domain else (DEFAULT_DOMAIN, text)
    if domain == _LEGACY_DOMAIN:
        domain = DEFAULT_DOMAIN
    if domain == DEFAULT_DOMAIN and "/" not in path:
        path = _OFFICIAL_PREFIX + path
    return domain, path


def _joined(name: str, tag: str | None, digest: Digest | None) -> str:
    return f"{name}{f':{tag}' if tag else ''}{f'@{digest}' if digest else ''}"


def _malformed(text: str, why: str) -> MalformedError:
    return MalformedError(f"{text[:_SHOWN_CHARACTERS]!r} is not a reference: {why}", reason="REFERENCE_INVALID")
