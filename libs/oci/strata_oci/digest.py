"""Content digests: ``algorithm:hex``. Source: OCI image-spec, descriptor.md, "Digests"."""

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from strata_oci.errors import MalformedError

if TYPE_CHECKING:
    from hashlib import _Hash

# Registered algorithms and the length of their hex form. The hex is lower case, so that equal content has one name.
_HEX_LENGTHS = {"sha256": 64, "sha512": 128}
_HEX = re.compile(r"[0-9a-f]+")
_SHOWN_CHARACTERS = 100


@dataclass(frozen=True, order=True, slots=True)
class Digest:
    """Name of some bytes. Build it with ``parse`` or ``of``: these check."""

    algorithm: str
    hex: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the digest that ``text`` spells, or raise MalformedError."""
        algorithm, _, encoded = text.partition(":")
        if len(encoded) != _HEX_LENGTHS.get(algorithm) or not _HEX.fullmatch(encoded):
            shown = text[:_SHOWN_CHARACTERS]
            raise MalformedError(f"{shown!r} is not a sha256 or sha512 digest", reason="DIGEST_INVALID")
        return cls(algorithm, encoded)

    @classmethod
    def of(cls, data: bytes | memoryview, algorithm: str = "sha256") -> Self:
        """Return the digest of ``data``."""
        return cls(algorithm, hashlib.new(algorithm, data).hexdigest())

    def hasher(self) -> "_Hash":
        """Return a fresh hash object of this digest's algorithm."""
        return hashlib.new(self.algorithm)

    def names(self, data: bytes | memoryview) -> bool:
        """Whether this is the digest of ``data``."""
        return Digest.of(data, self.algorithm) == self

    @property
    def short(self) -> str:
        """The first twelve hex digits, as people see them."""
        return self.hex[:12]

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.hex}"
