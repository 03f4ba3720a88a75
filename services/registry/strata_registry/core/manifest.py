"""What a proxy must know of a manifest: that it is one, of which type, and what it refers to."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from strata_chassis.errors import FailedPrecondition, ResourceExhausted
from strata_oci import media_types
from strata_oci.descriptor import Descriptor
from strata_oci.document import Document, parse_document
from strata_oci.errors import MalformedError
from strata_oci.index import Index

LARGEST_BYTES = 4 << 20
ACCEPT = ", ".join(media_types.ACCEPT)
_UNSUPPORTED = {"MANIFEST_TYPE", "SCHEMA_1"}


@dataclass(frozen=True, slots=True)
class ManifestFacts:
    """What a manifest says of itself.

    ``needs`` are the digests without which it is incomplete: the manifests of an index, or config and layers (foreign
    ones are fetched elsewhere). ``subject`` is the digest it is about, or empty.
    """

    media_type: str
    document: Document = field(repr=False)
    needs: tuple[str, ...] = ()
    subject: str = ""
    artifact_type: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_index(self) -> bool:
        """Tell whether it lists manifests instead of layers."""
        return isinstance(self.document, Index)


def examine(content: bytes, content_type: str, *, what: str) -> ManifestFacts:
    """Check a manifest and return what it says; ``what`` names it in the sentence of an error.

    Raises ResourceExhausted (MANIFEST_TOO_LARGE), FailedPrecondition (MEDIA_TYPE_UNSUPPORTED, MANIFEST_INVALID).
    """
    check_size(len(content), what=what)
    try:
        document = parse_document(content, content_type)
    except MalformedError as error:
        reason = "MEDIA_TYPE_UNSUPPORTED" if error.reason in _UNSUPPORTED else "MANIFEST_INVALID"
        raise FailedPrecondition(
            f"{what} is no image: {error.message}", reason=reason, metadata={"reference": what, "detail": error.reason}
        ) from error
    return ManifestFacts(
        media_type=document.media_type,
        document=document,
        needs=tuple(str(part.digest) for part in _parts(document) if not media_types.is_foreign(part.media_type)),
        subject=str(document.subject.digest) if document.subject else "",
        artifact_type=_artifact_type(document),
        annotations=document.annotations,
    )


def check_size(size_bytes: int, *, what: str) -> None:
    """Refuse what is too large to be a manifest. Raises ResourceExhausted."""
    if size_bytes > LARGEST_BYTES:
        raise ResourceExhausted(
            f"the manifest of {what} is larger than {LARGEST_BYTES >> 20} MiB",
            reason="MANIFEST_TOO_LARGE",
            metadata={"reference": what, "limit": str(LARGEST_BYTES)},
        )


def _parts(document: Document) -> tuple[Descriptor, ...]:
    if isinstance(document, Index):
        return document.manifests
    return (document.config, *document.layers)


def _artifact_type(document: Document) -> str:
    """Say what an artifact is: its own word, else its config's type. Source: distribution-spec, "Listing Referrers"."""
    if document.artifact_type or isinstance(document, Index):
        return document.artifact_type
    return document.config.media_type
