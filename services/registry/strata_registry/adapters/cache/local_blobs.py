"""Whole blobs as files: visible only when complete and verified, never changed, removed by name."""

import os
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
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
        self._total_bytes = 0
        self._lock = threading.Lock()  # commits and removals come from several threads

    def load(self) -> None:
        """Read what is there, and clear what a killed process left; blocking, once, at start."""
        self.layout.create()
        remove_scratch(self.layout.partial)
        for path in self.layout.blobs.glob("*/*/*"):
            digest = digest_of_blob(path)
            if digest is not None:
                status = path.stat()
                self._note(digest, Held(str(digest), status.st_size, status.st_mtime))
                self.layout.partial_blob(digest).unlink(missing_ok=True)

    def held(self, digest: Digest) -> Held | None:
        """Return what is known of a whole blob; None if it is not here."""
        return self._held.get(digest)

    def all(self) -> list[Held]:
        """Return what is known of every whole blob."""
        return list(self._held.values())

    def total_bytes(self) -> int:
        """Add up the whole blobs."""
        return self._total_bytes

    def touch(self, digest: Digest) -> None:
        """Note that a blob is used now."""
        now_s = time.time()
        os.utime(self.layout.blob(digest), (now_s, now_s))
        with self._lock:
            if digest in self._held:
                self._held[digest] = replace(self._held[digest], used_at_s=now_s)

    def commit(self, digest: Digest, path: Path) -> None:
        """Make a verified, synced file visible as a blob; ``path`` stays, as a second name. Blocking."""
        target = self.layout.blob(digest)
        target.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        if not target.exists():
            target.hardlink_to(path)
            fsync_dir(target.parent)
        self._note(digest, Held(str(digest), target.stat().st_size, time.time()))

    def remove(self, digest: Digest) -> int:
        """Remove a blob and return the bytes freed; readers that have it open keep it. Blocking."""
        freed_bytes = self.forget(digest)  # first: from here on nobody opens it
        self.layout.blob(digest).unlink(missing_ok=True)
        self.layout.partial_blob(digest).unlink(missing_ok=True)
        return freed_bytes

    def forget(self, digest: Digest) -> int:
        """Stop knowing a blob, whose file somebody else removed; return its bytes."""
        with self._lock:
            held = self._held.pop(digest, None)
            size_bytes = held.size_bytes if held else 0
            self._total_bytes -= size_bytes
        return size_bytes

    def partials(self) -> Iterator[tuple[Digest, Path, Held]]:
        """Yield the blobs of which only a part is here."""
        for path in self.layout.partial.iterdir():
            digest = digest_of_partial(path)
            if digest is not None and digest not in self._held:
                status = path.stat()
                yield digest, path, Held(str(digest), status.st_size, status.st_mtime)

    def _note(self, digest: Digest, held: Held) -> None:
        with self._lock:
            before = self._held.get(digest)
            self._held[digest] = held
            self._total_bytes += held.size_bytes - (before.size_bytes if before else 0)
