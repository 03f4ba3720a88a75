"""Images as one tar: an OCI image layout, to be carried to hosts without a network.

Sources: OCI image-spec, image-layout.md; POSIX.1-2017, pax, "ustar Interchange Format".
"""

import json
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass

from strata_chassis.errors import InvalidArgument
from strata_oci import media_types
from strata_oci.descriptor import Descriptor
from strata_oci.digest import Digest
from strata_oci.document import parse_document
from strata_oci.errors import MalformedError
from strata_oci.index import Index

BLOCK_BYTES = 512
END_OF_TAR = bytes(2 * BLOCK_BYTES)
LAYOUT_NAME = "oci-layout"
LAYOUT = b'{"imageLayoutVersion":"1.0.0"}'
INDEX_NAME = "index.json"
REF_NAME = "org.opencontainers.image.ref.name"
_MODE = 0o644


@dataclass(frozen=True, slots=True)
class Member:
    """A file of a tar; ``digest`` is that of the blob it holds, None for the layout's own files and foreign ones."""

    name: str
    size_bytes: int
    digest: Digest | None

    @property
    def padding_bytes(self) -> int:
        """Count what follows the data up to a full block."""
        return -self.size_bytes % BLOCK_BYTES


def header(name: str, size_bytes: int) -> bytes:
    """Write the header of a file; the same file always has the same header."""
    info = tarfile.TarInfo(name)
    info.size, info.mode = size_bytes, _MODE
    return info.tobuf(tarfile.USTAR_FORMAT if size_bytes < 8 << 30 else tarfile.GNU_FORMAT)


def small_file(name: str, content: bytes) -> bytes:
    """Write a whole file."""
    return header(name, len(content)) + content + bytes(-len(content) % BLOCK_BYTES)


def blob_name(digest: Digest) -> str:
    """Name the file of a blob."""
    return f"blobs/{digest.algorithm}/{digest.hex}"


def parse_header(block: bytes) -> Member | None:
    """Read a header; None at the end. Only regular files have data for us. Raises InvalidArgument (BUNDLE_INVALID)."""
    if not any(block):
        return None
    try:
        info = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except tarfile.HeaderError as error:
        raise invalid_bundle("it is no tar") from error
    if info.size < 0:
        raise invalid_bundle("a file has a negative size")
    return Member(info.name.removeprefix("./"), info.size, _digest_of(info) if info.isreg() else None)


def write_index(images: Iterable[tuple[str, Descriptor]]) -> bytes:
    """Write the index of a layout: images with the references they are known by."""
    manifests = [
        descriptor.to_json() | {"annotations": {**descriptor.annotations, REF_NAME: reference}}
        for reference, descriptor in images
    ]
    return json.dumps(
        {"schemaVersion": 2, "mediaType": media_types.OCI_INDEX, "manifests": manifests}, sort_keys=True
    ).encode()


def read_index(content: bytes) -> list[tuple[str, Digest]]:
    """Read the named images of a layout's index. Raises InvalidArgument (BUNDLE_INVALID)."""
    try:
        document = parse_document(content, media_types.OCI_INDEX)
    except MalformedError as error:
        raise invalid_bundle(error.message) from error
    if not isinstance(document, Index):
        raise invalid_bundle("its index.json is no index")
    named = ((entry.annotations.get(REF_NAME, ""), entry.digest) for entry in document.manifests)
    return [(reference, digest) for reference, digest in named if reference]


def invalid_bundle(why: str) -> InvalidArgument:
    """Say what is wrong with a bundle."""
    return InvalidArgument(f"the bundle is not the tar of an OCI image layout: {why}", reason="BUNDLE_INVALID")


def _digest_of(info: tarfile.TarInfo) -> Digest | None:
    parts = info.name.removeprefix("./").split("/")
    if len(parts) != 3 or parts[0] != "blobs":  # noqa: PLR2004 - blobs/ALGORITHM/HEX
        return None
    try:
        return Digest.parse(f"{parts[1]}:{parts[2]}")
    except MalformedError:
        return None
