"""Where the store keeps its files.

::

    layers/<diffID's hex>.<8 random digits>/   one committed layer: layer.tar, layer.erofs, perhaps layer.aux
    images/<chainID's hex>.erofs               META of a stack of layers
    scratch/                                   what is being made; emptied at start
    quarantine/                                what Scrub found damaged
    store.db                                   which of it counts; store.db.copy: the same, some time ago

A directory appears under ``layers`` by one rename, whole and on the disk, before the database names it; it leaves the
database before it is removed. So whatever the database does not name is a leftover, and may go at start.
"""

import shutil
from collections.abc import Iterable
from pathlib import Path
from secrets import token_hex

from strata_chassis.durable import fsync_dir, remove_scratch

TAR = "layer.tar"
INDEX = "layer.erofs"
AUX = "layer.aux"
_IMAGE_SUFFIX = ".erofs"


class ContentRoot:
    """The store's directory."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.layers = self.path / "layers"
        self.images = self.path / "images"
        self.scratch = self.path / "scratch"
        self.quarantine = self.path / "quarantine"

    def prepare(self) -> None:
        """Make what is missing and throw away what was never finished."""
        shutil.rmtree(self.scratch, ignore_errors=True)
        for directory in (self.layers, self.images, self.scratch, self.quarantine):
            directory.mkdir(parents=True, exist_ok=True, mode=0o750)
        for directory in (self.path, self.images):
            remove_scratch(directory)
        fsync_dir(self.path)

    def remove_strangers(self, layers: Iterable[str], images: Iterable[str]) -> list[str]:
        """Remove committed things that the database does not name; returns their names. Call it at start."""
        strangers = sorted({path.name for path in self.layers.iterdir()} - {*layers})
        for name in strangers:
            self.remove_layer(name)
        files = sorted({path.name for path in self.images.iterdir()} - {name + _IMAGE_SUFFIX for name in images})
        for name in files:
            (self.images / name).unlink()
        return strangers + files

    def records_bytes(self) -> int:
        """Bytes on disk of the database, its log and its copy, and of what was put aside."""
        files = [*self.path.glob("store.db*"), *(path for path in self.quarantine.rglob("*") if path.is_file())]
        return sum(stored_bytes(path) for path in files)

    def new_scratch(self) -> Path:
        """Make a directory for something unfinished."""
        path = self.scratch / token_hex(8)
        path.mkdir(mode=0o750)
        return path

    def layer(self, directory: str) -> Path:
        """Return the directory of a committed layer."""
        return self.layers / directory

    def image(self, chain_hex: str) -> Path:
        """Return the META file of a stack."""
        return self.images / f"{chain_hex}{_IMAGE_SUFFIX}"

    def sync_images(self) -> None:
        """Bring the names of META files to the disk."""
        fsync_dir(self.images)

    def commit_layer(self, scratch: Path, diff_hex: str) -> str:
        """Let a layer whose files are on the disk appear in one step; returns its directory's name."""
        name = f"{diff_hex}.{token_hex(4)}"
        fsync_dir(scratch)
        scratch.rename(self.layer(name))
        fsync_dir(self.layers)
        return name

    def remove_layer(self, directory: str) -> None:
        """Remove a layer that the database does not name any more; mounts of it go on."""
        shutil.rmtree(self.layer(directory), ignore_errors=True)

    def remove_image(self, chain_hex: str) -> None:
        """Remove the META file of a stack that the database does not name any more."""
        self.image(chain_hex).unlink(missing_ok=True)


def stored_bytes(path: Path) -> int:
    """Bytes on disk of a file, or of all files in a directory; holes take nothing."""
    files = [path] if path.is_file() else [*path.iterdir()]
    return sum(file.stat().st_blocks * 512 for file in files)
