"""Image manifests. Source: OCI image-spec, manifest.md; docker's image manifest version 2, schema 2."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from strata_oci import media_types, reading
from strata_oci.descriptor import Descriptor
from strata_oci.digest import Digest
from strata_oci.errors import MalformedError


@dataclass(frozen=True)
class Manifest:
    """A manifest, with the exact bytes that its digest names."""

    media_type: str
    config: Descriptor
    layers: tuple[Descriptor, ...]
    raw: bytes = field(repr=False)
    annotations: Mapping[str, str] = field(default_factory=dict)
    artifact_type: str = ""
    subject: Descriptor | None = None

    @classmethod
    def read(cls, source: reading.Json, media_type: str, raw: bytes) -> Self:
        """Return the manifest in ``source``, which was read from ``raw``; raises MalformedError."""
        config = reading.obj(source, "config")
        if not config:
            raise MalformedError("the manifest has no config", reason="MANIFEST_INVALID")
        subject = reading.obj(source, "subject")
        return cls(
            media_type=media_type,
            config=Descriptor.read(config),
            layers=tuple(Descriptor.read(layer) for layer in reading.objects(source, "layers")),
            raw=raw,
            annotations=reading.text_map(source, "annotations"),
            artifact_type=reading.text(source, "artifactType"),
            subject=Descriptor.read(subject) if subject else None,
        )

    @property
    def is_image(self) -> bool:
        """Whether this is an image that can be run, rather than some other artifact."""
        return self.config.media_type in media_types.CONFIGS

    @property
    def size_bytes(self) -> int:
        """Bytes of config and layers, as transferred."""
        return self.config.size_bytes + sum(layer.size_bytes for layer in self.layers)

    def digest(self, algorithm: str = "sha256") -> Digest:
        """Return the digest of the exact bytes."""
        return Digest.of(self.raw, algorithm)
