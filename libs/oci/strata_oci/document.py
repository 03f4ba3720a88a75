"""What a registry sends for a reference: a manifest or an index, told apart without being fooled."""

from strata_oci import media_types, reading
from strata_oci.errors import MalformedError
from strata_oci.index import Index
from strata_oci.manifest import Manifest

Document = Manifest | Index

_SCHEMA_1 = "application/vnd.docker.distribution.manifest.v1+"


def parse_document(raw: bytes, content_type: str = "") -> Document:
    """Return the manifest or index in ``raw``, whose registry calls it ``content_type`` ("" if it said nothing).

    Raises MalformedError if the two disagree, or if one document would be both kinds for two readers
    (CVE-2021-41190): then nobody knows what its digest stands for.
    """
    source = reading.load_object(raw, "manifest")
    declared = reading.text(source, "mediaType")
    said = content_type.partition(";")[0].strip().lower()
    _refuse_ambiguous(source, declared, said)
    media_type = declared or (said if said in media_types.INDEXES | media_types.MANIFESTS else _guess(source))
    if media_type in media_types.INDEXES:
        return Index.read(source, media_type, raw)
    if media_type in media_types.MANIFESTS:
        return Manifest.read(source, media_type, raw)
    raise MalformedError(f"{media_type[:200]!r} is not a type of manifest that can be run", reason="MANIFEST_TYPE")


def _refuse_ambiguous(source: reading.Json, declared: str, said: str) -> None:
    if reading.number(source, "schemaVersion") == 1 or said.startswith(_SCHEMA_1):
        raise MalformedError("docker's manifest schema 1 is not supported: push the image anew", reason="SCHEMA_1")
    if "manifests" in source and ("layers" in source or "config" in source):
        raise MalformedError("the manifest is a manifest and an index at once", reason="MANIFEST_AMBIGUOUS")
    known = media_types.INDEXES | media_types.MANIFESTS
    if declared and said in known and declared != said:
        message = f"the registry calls {said!r} what calls itself {declared[:200]!r}"
        raise MalformedError(message, reason="MANIFEST_AMBIGUOUS")


def _guess(source: reading.Json) -> str:
    """Return the type of a document that nobody names; OCI allows to leave it out."""
    return media_types.OCI_INDEX if "manifests" in source else media_types.OCI_MANIFEST
