"""Whole blobs as files: visible only when complete and verified, never changed, removed by name."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

from strata_chassis.durable import fsync_dir, remove_scratch
from strata_oci.digest import Digest
from strata_registry.adapters.cache.layout import Layout, digest_of_blob, digest_of_partial
from strata_registry.core.eviction import Held


class LocalBlobs:
    """The files of a cache and what is known of each; the modification time of a file is its last use."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self._held: dict[Digest, Held] = {}

    def load(self) -> None:
        """Read what is there, and clear what a killed process left; blocking, once, at start."""
        self.layout.create()
        remove_scratch(self.layout.partial)
        for path in self.layout.blobs.glob("*/*/*"):
            digest = digest_of_blob(path)
            if digest is not None:
                status = path.stat()
                self._held[digest] = Held(str(digest), status.st_size, status.st_mtime)
                self.layout.partial_blob(digest).unlink(missing_ok=True)

    def held(self, digest: Digest) -> Held | None:
        """Return what is known of a whole blob; None if it is not here."""
        return self._held.get(digest)

    def all(self) -> list[Held]:
        """Return what is known of every whole blob."""
        return list(self._held.values())

    def total_bytes(self) -> int:
        """Add up the whole blobs."""
        return sum(held.size_bytes for held in self._held.values())

    def touch(self, digest: Digest) -> None:
        """Note that a blob is used now."""
        now_s = time.time()
        held = self._held[digest]
        self._held[digest] = Held(held.digest, held.size_bytes, now_s)
        os.utime(self.layout.blob(digest), (now_s, now_s))

    def commit(self, digest: Digest, path: Path) -> None:
        """Make a verified, synced file visible as a blob; ``path`` stays, as a second name. Blocking."""
        target = self.layout.blob(digest)
        target.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        if not target.exists():
            target.hardlink_to(path)
            fsync_dir(target.parent)
        self._held[digest] = Held(str(digest), target.stat().st_size, time.time())

    def remove(self, digest: Digest) -> int:
        """Remove a blob and return the bytes freed; readers that have it open keep it. Blocking."""
        held = self._held.pop(digest, None)  # first: from here on nobody opens it
        self.layout.blob(digest).unlink(missing_ok=True)
        return held.size_bytes if held else 0

    def partials(self) -> Iterator[tuple[Digest, Path, Held]]:
        """Yield the blobs of which only a part is here."""
        for path in self.layout.partial.iterdir():
            digest = digest_of_partial(path)
            if digest is not None and digest not in self._held:
                status = path.stat()
                yield digest, path, Held(str(digest), status.st_size, status.st_mtime)
