"""Platforms and which images run on them. Source: github.com/containerd/platforms (``database.go``, ``compare.go``)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Self

from strata_oci import reading
from strata_oci.errors import MalformedError

_ARCHITECTURES = {
    "x86_64": "amd64",
    "x86-64": "amd64",
    "aarch64": "arm64",
    "i386": "386",
    "i486": "386",
    "i586": "386",
    "i686": "386",
    "armhf": "arm/v7",
    "armel": "arm/v6",
    "armv5l": "arm/v5",
    "armv6l": "arm/v6",
    "armv7l": "arm/v7",
    "armv8l": "arm/v8",
}
_OSES = {"macos": "darwin"}
_DEFAULT_VARIANTS = {("arm", ""): "v7", ("arm64", "v8"): "", ("arm64", "v8.0"): "", ("amd64", "v1"): ""}
_PART = re.compile(r"[A-Za-z0-9_.-]+")
_ARM64_VERSION = re.compile(r"v([89])(?:\.(\d))?")


@dataclass(frozen=True, order=True, slots=True)
class Platform:
    """What an image is made for; built by ``parse`` and ``read`` in its one normal form."""

    os: str
    architecture: str
    variant: str = ""
    os_version: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the platform that a user writes: ``os/architecture[/variant]``, or an architecture of Linux."""
        parts = text.split("/")
        if len(parts) == 1:
            parts = ["linux", *parts]
        if len(parts) not in (2, 3) or not all(_PART.fullmatch(part) for part in parts):
            raise MalformedError(f"{text[:100]!r} is not a platform: os/architecture", reason="PLATFORM_INVALID")
        return cls(*parts).normal()

    @classmethod
    def read(cls, source: reading.Json) -> Self:
        """Return the platform in a descriptor or image config."""
        return cls(
            os=reading.text(source, "os"),
            architecture=reading.text(source, "architecture"),
            variant=reading.text(source, "variant"),
            os_version=reading.text(source, "os.version"),
        ).normal()

    def normal(self) -> Self:
        """Return the one spelling of this platform."""
        os = _OSES.get(self.os.lower(), self.os.lower())
        known = _ARCHITECTURES.get(self.architecture.lower(), self.architecture.lower())
        architecture, _, implied = known.partition("/")
        variant = implied or self.variant.lower()
        if variant[:1].isdigit() and architecture in ("arm", "arm64"):
            variant = f"v{variant}"
        variant = _DEFAULT_VARIANTS.get((architecture, variant), variant)
        return replace(self, os=os, architecture=architecture, variant=variant)

    def rank(self, image: "Platform") -> int | None:
        """Return how well ``image`` suits this machine, 0 best; None if it cannot run here."""
        wanted = (image.os, image.architecture, image.variant)
        for rank, runnable in enumerate(self._runnable()):
            if (runnable.os, runnable.architecture, runnable.variant) == wanted:
                return rank
        return None

    def _runnable(self) -> Iterator["Platform"]:
        """Yield what runs on this machine, the best first."""
        yield self
        for architecture, variant in _older(self.architecture, self.variant):
            yield replace(self, architecture=architecture, variant=variant).normal()

    def __str__(self) -> str:
        return "/".join(filter(None, (self.os, self.architecture, self.variant)))


def _older(architecture: str, variant: str) -> Iterator[tuple[str, str]]:
    """Yield the architectures and variants that a machine runs besides its own."""
    if architecture == "amd64":
        yield from (("amd64", f"v{version}") for version in _below(variant, lowest=1))
        yield "386", ""
    elif architecture == "arm":
        yield from (("arm", f"v{version}") for version in _below(variant, lowest=5))
    elif architecture == "arm64":
        yield from (("arm64", older) for older in _older_arm64(variant))
        yield from (("arm", f"v{version}") for version in range(8, 4, -1))


def _below(variant: str, lowest: int) -> range:
    digits = variant.removeprefix("v")
    newest = int(digits) if digits.isascii() and digits.isdecimal() else lowest
    return range(min(newest, 100) - 1, lowest - 1, -1)


def _older_arm64(variant: str) -> Iterator[str]:
    """Yield the arm64 versions below: v9.n has all of v8.(n+5), the ARM architecture manuals say."""
    match = _ARM64_VERSION.fullmatch(variant or "v8")
    if match is None:
        return
    major, minor = int(match[1]), int(match[2] or 0)
    if major == 9:  # noqa: PLR2004 - the version of the architecture
        yield from (_arm64(9, older) for older in range(minor - 1, -1, -1))
        minor = min(minor + 5, 9) + 1
    yield from (_arm64(8, older) for older in range(minor - 1, -1, -1))


def _arm64(major: int, minor: int) -> str:
    return f"v{major}.{minor}" if minor else f"v{major}"
