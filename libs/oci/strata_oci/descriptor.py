"""Descriptors: typed, sized, verified links. Source: OCI image-spec, descriptor.md."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from strata_oci import reading
from strata_oci.digest import Digest
from strata_oci.errors import MalformedError
from strata_oci.platform import Platform


@dataclass(frozen=True)
class Descriptor:
    """A link to content: its type, its name and its size."""

    media_type: str
    digest: Digest
    size_bytes: int
    annotations: Mapping[str, str] = field(default_factory=dict)
    platform: Platform | None = None
    artifact_type: str = ""
    urls: tuple[str, ...] = ()

    @classmethod
    def read(cls, source: reading.Json) -> Self:
        """Return the descriptor in a manifest or index; raises MalformedError."""
        size_bytes = reading.number(source, "size", default=-1)
        if size_bytes < 0:
            raise MalformedError("a descriptor has no size", reason="DESCRIPTOR_INVALID")
        media_type = reading.text(source, "mediaType")
        if not media_type:
            raise MalformedError("a descriptor has no media type", reason="DESCRIPTOR_INVALID")
        return cls(
            media_type=media_type,
            digest=Digest.parse(reading.text(source, "digest")),
            size_bytes=size_bytes,
            annotations=reading.text_map(source, "annotations"),
            platform=Platform.read(source["platform"]) if reading.obj(source, "platform") else None,
            artifact_type=reading.text(source, "artifactType"),
            urls=reading.texts(source, "urls"),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object for a manifest or index that we write."""
        document: dict[str, Any] = {
            "mediaType": self.media_type,
            "digest": str(self.digest),
            "size": self.size_bytes,
        }
        if self.platform is not None:
            document["platform"] = _platform_json(self.platform)
        optional = {"annotations": dict(self.annotations), "artifactType": self.artifact_type, "urls": list(self.urls)}
        return document | {key: value for key, value in optional.items() if value}


def _platform_json(platform: Platform) -> dict[str, str]:
    optional = {"variant": platform.variant, "os.version": platform.os_version}
    required = {"architecture": platform.architecture, "os": platform.os}
    return required | {key: value for key, value in optional.items() if value}
