"""Which versions of the Docker API are spoken, and how a path names one."""

import re
from dataclasses import dataclass
from typing import Self

_PATH = re.compile(r"/v([0-9]+)\.([0-9]+)(/.*)")


@dataclass(frozen=True, order=True)
class ApiVersion:
    """A version of the Docker API; 1.9 is older than 1.24."""

    major: int
    minor: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read "1.43"; ValueError when it is none."""
        major, _, minor = text.partition(".")
        return cls(int(major), int(minor))

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"


OLDEST = ApiVersion(1, 24)
NEWEST = ApiVersion(1, 50)
MULTIPLEXED_TYPE_SINCE = ApiVersion(1, 42)


class UnsupportedVersion(Exception):
    """The client asked for a version outside OLDEST..NEWEST; the text is docker's own."""


def split_version(path: str) -> tuple[ApiVersion, str]:
    """Version and rest of a request path; NEWEST for a path without one. Raises UnsupportedVersion."""
    match = _PATH.fullmatch(path)
    if match is None:
        return NEWEST, path
    version = ApiVersion(int(match[1]), int(match[2]))
    if version < OLDEST:
        message = (
            f"client version {version} is too old. Minimum supported API version is {OLDEST}, "
            "please upgrade your client to a newer version"
        )
        raise UnsupportedVersion(message)
    if version > NEWEST:
        message = f"client version {version} is too new. Maximum supported API version is {NEWEST}"
        raise UnsupportedVersion(message)
    return version, match[3]
