"""The documents of an image archive, written and read.

An archive holds an OCI layout (``index.json``, ``blobs/``) and, for docker, ``manifest.json``; one of the two will do
for reading. Sources: OCI image-spec, image-layout.md; moby, image/tarexport.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
TAR_LAYER = "application/vnd.oci.image.layer.v1.tar"
LAYOUT_FILE = ("oci-layout", b'{"imageLayoutVersion":"1.0.0"}')
_NAME_ANNOTATIONS = ("io.containerd.image.name", "org.opencontainers.image.ref.name")
_MAX_NESTED_INDEXES = 4

Read = Callable[[str], bytes]
"""Content of a small member by its name; raises KeyError for one that is not there."""


class ArchiveError(ValueError):
    """An archive that holds no image that can be loaded."""


@dataclass(frozen=True)
class SavedImage:
    """An image to be written: its exact config, its names, and its layers' diffIDs with the lengths of their tars."""

    config: bytes
    names: Sequence[str]
    layers: Sequence[tuple[str, int]]


@dataclass(frozen=True)
class ArchivedImage:
    """An image that was found: its exact config, its names, and the members that hold its layers, base first."""

    config: bytes
    names: tuple[str, ...]
    layers: tuple[str, ...]


def blob_name(digest: str) -> str:
    """Name of the member that holds a blob."""
    return f"blobs/{digest.replace(':', '/', 1)}"


def digest_of(content: bytes) -> str:
    """Digest of content."""
    return f"sha256:{sha256(content).hexdigest()}"


def manifest_of(image: SavedImage) -> bytes:
    """OCI manifest with uncompressed layers."""
    layers = [{"mediaType": TAR_LAYER, "digest": diff_id, "size": size} for diff_id, size in image.layers]
    config = {"mediaType": OCI_CONFIG, "digest": digest_of(image.config), "size": len(image.config)}
    document = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": config, "layers": layers}
    return json.dumps(document, separators=(",", ":")).encode()


def documents(images: Sequence[SavedImage], familiar: Callable[[str], str]) -> Mapping[str, bytes]:
    """All small members by name; ``familiar`` shortens names for docker."""
    members = dict([LAYOUT_FILE])
    for image in images:
        for content in (image.config, manifest_of(image)):
            members[blob_name(digest_of(content))] = content
    members["index.json"] = _index(images)
    members["manifest.json"] = _docker_manifest(images, familiar)
    return members


def _index(images: Sequence[SavedImage]) -> bytes:
    entries = []
    for image in images:
        manifest = manifest_of(image)
        entry = {"mediaType": OCI_MANIFEST, "digest": digest_of(manifest), "size": len(manifest)}
        named = [
            {**entry, "annotations": {_NAME_ANNOTATIONS[0]: name, _NAME_ANNOTATIONS[1]: name.rpartition(":")[2]}}
            for name in image.names
        ]
        entries += named or [entry]
    return json.dumps(
        {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}, separators=(",", ":")
    ).encode()


def _docker_manifest(images: Sequence[SavedImage], familiar: Callable[[str], str]) -> bytes:
    entries = [
        {
            "Config": blob_name(digest_of(image.config)),
            "RepoTags": [familiar(name) for name in image.names],
            "Layers": [blob_name(diff_id) for diff_id, _ in image.layers],
        }
        for image in images
    ]
    return json.dumps(entries, separators=(",", ":")).encode()


def archived_images(read: Read) -> list[ArchivedImage]:
    """The images of an archive. Raises ArchiveError."""
    try:
        return _from_docker(read) or _from_index(json.loads(read("index.json")), read, (), 0)
    except KeyError as error:
        raise ArchiveError(f"the archive has no member {error.args[0]!r}") from error
    except (ValueError, TypeError, AttributeError, IndexError) as error:
        raise ArchiveError(f"the archive's documents make no sense: {error}") from error


def _from_docker(read: Read) -> list[ArchivedImage]:
    try:
        entries = json.loads(read("manifest.json"))
    except KeyError:
        return []
    return [
        ArchivedImage(read(entry["Config"]), tuple(entry.get("RepoTags") or ()), tuple(entry["Layers"]))
        for entry in entries
    ]


def _from_index(index: Mapping[str, Any], read: Read, names: tuple[str, ...], depth: int) -> list[ArchivedImage]:
    if depth > _MAX_NESTED_INDEXES:
        raise ArchiveError("indexes are nested too deeply")
    found: list[ArchivedImage] = []
    for entry in index["manifests"]:
        own_names = _names_in(entry.get("annotations") or {}) or names
        document = json.loads(_verified(entry["digest"], read))
        if "manifests" in document:
            found += _from_index(document, read, own_names, depth + 1)
        else:
            layers = tuple(blob_name(layer["digest"]) for layer in document["layers"])
            found.append(ArchivedImage(_verified(document["config"]["digest"], read), own_names, layers))
    return found


def _names_in(annotations: Mapping[str, str]) -> tuple[str, ...]:
    """Names of an entry; a bare tag names nothing."""
    candidates = [annotations.get(key, "") for key in _NAME_ANNOTATIONS]
    return tuple(name for name in candidates if "/" in name or ":" in name)[:1]


def _verified(digest: str, read: Read) -> bytes:
    content = read(blob_name(digest))
    if digest_of(content) != digest:
        raise ArchiveError(f"the member {blob_name(digest)!r} does not have the digest it is named after")
    return content
