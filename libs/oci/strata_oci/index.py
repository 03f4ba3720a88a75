"""Image indexes: one name, several platforms. Source: OCI image-spec, image-index.md; docker's manifest list."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from strata_oci import media_types, reading
from strata_oci.descriptor import Descriptor
from strata_oci.digest import Digest
from strata_oci.platform import Platform


@dataclass(frozen=True)
class Index:
    """An index, with the exact bytes that its digest names."""

    media_type: str
    manifests: tuple[Descriptor, ...]
    raw: bytes = field(repr=False)
    annotations: Mapping[str, str] = field(default_factory=dict)
    artifact_type: str = ""
    subject: Descriptor | None = None

    @classmethod
    def read(cls, source: reading.Json, media_type: str, raw: bytes) -> Self:
        """Return the index in ``source``, which was read from ``raw``; raises MalformedError."""
        subject = reading.obj(source, "subject")
        return cls(
            media_type=media_type,
            manifests=tuple(Descriptor.read(manifest) for manifest in reading.objects(source, "manifests")),
            raw=raw,
            annotations=reading.text_map(source, "annotations"),
            artifact_type=reading.text(source, "artifactType"),
            subject=Descriptor.read(subject) if subject else None,
        )

    def select(self, platform: Platform) -> Descriptor | None:
        """Return the entry that suits ``platform`` best, the first of equals; None if none does.

        An entry without a platform may suit any and is the last resort; its config has to be asked.
        """
        ranked = [(_rank(entry, platform), place) for place, entry in enumerate(self.manifests)]
        suitable = [(rank, place) for rank, place in ranked if rank is not None]
        return self.manifests[min(suitable)[1]] if suitable else None

    @property
    def platforms(self) -> tuple[Platform, ...]:
        """The platforms on offer."""
        return tuple(entry.platform for entry in self.manifests if entry.platform is not None)

    def digest(self, algorithm: str = "sha256") -> Digest:
        """Return the digest of the exact bytes."""
        return Digest.of(self.raw, algorithm)


_LAST_RESORT = 1_000


def _rank(entry: Descriptor, platform: Platform) -> int | None:
    if entry.media_type not in media_types.MANIFESTS | media_types.INDEXES:
        return None
    return _LAST_RESORT if entry.platform is None else platform.rank(entry.platform)
