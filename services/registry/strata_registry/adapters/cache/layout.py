"""Where things lie in the cache's directory. Names are made of checked digests and our own numbers only."""

from dataclasses import dataclass
from pathlib import Path

from strata_oci.digest import Digest


@dataclass(frozen=True, slots=True)
class Layout:
    """Paths below the cache's root; all on one file system, so that a rename or link makes a blob visible at once."""

    root: Path

    @property
    def blobs(self) -> Path:
        """Whole, verified blobs."""
        return self.root / "blobs"

    @property
    def partial(self) -> Path:
        """Blobs on their way; the length of a file is how far it came."""
        return self.root / "partial"

    @property
    def uploads(self) -> Path:
        """What clients are uploading."""
        return self.root / "uploads"

    @property
    def index(self) -> Path:
        """The database of tags, manifests and their relations."""
        return self.root / "index.sqlite"

    def blob(self, digest: Digest) -> Path:
        """Name the file of a whole blob: two levels, so that no directory grows without bounds."""
        return self.blobs / digest.algorithm / digest.hex[:2] / digest.hex

    def partial_blob(self, digest: Digest) -> Path:
        """Name the file of a blob on its way."""
        return self.partial / f"{digest.algorithm}-{digest.hex}"

    def upload(self, identifier: str) -> Path:
        """Name the file of an upload; identifiers are our own (they are looked up before they come here)."""
        return self.uploads / identifier

    def create(self) -> None:
        """Make the directories, readable by the service's user and group only."""
        for directory in (self.root, self.blobs, self.partial, self.uploads):
            directory.mkdir(mode=0o750, parents=True, exist_ok=True)


def digest_of_blob(path: Path) -> Digest | None:
    """Read a digest back from the name of a blob's file; None for foreign files."""
    return _parse(f"{path.parent.parent.name}:{path.name}")


def digest_of_partial(path: Path) -> Digest | None:
    """Read a digest back from the name of a partial blob's file; None for foreign files."""
    return _parse(path.name.replace("-", ":", 1))


def _parse(text: str) -> Digest | None:
    try:
        return Digest.parse(text)
    except ValueError:
        return None
