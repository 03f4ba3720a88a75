"""The private layer of a container, read as changes.

The container may run and play tricks meanwhile: directories are walked by descriptors, links are never followed.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from strata_runtime.adapters import inside
from strata_runtime.adapters.files.depth import check_depth
from strata_runtime.adapters.files.lower import OPAQUE, Lower, is_whiteout
from strata_runtime.core.changes import Change, ChangeKind

_REDIRECT = "trusted.overlay.redirect"


@dataclass(frozen=True, slots=True)
class PrivateLayer:
    """Where a container's changes are: the private layer, the image below, and both together as it sees them.

    ``made_for_it``: empty files and directories the engine needed to exist, to mount its own over them.
    """

    upper: str
    lower: Lower
    merged: str
    made_for_it: frozenset[str] = frozenset()


def list_changes(layer: PrivateLayer) -> Iterator[Change]:
    """All changes in path order; a directory comes before what is in it."""
    with inside.opened_root(layer.merged) as merged, _opened(None, layer.upper) as upper:
        if upper is not None:
            yield from _Walk(layer, merged).directory(upper, "")


@dataclass(frozen=True, slots=True)
class _Walk:
    layer: PrivateLayer
    merged: int

    def directory(self, upper: int, path: str) -> Iterator[Change]:
        check_depth(path)
        entries = {entry.name: entry for entry in os.scandir(upper)}
        names = set(entries)
        if path and _attribute(upper, OPAQUE) == b"y":
            names |= self.layer.lower.names(path)
        for name in sorted(names):
            place = f"{path}/{name}"
            if name not in entries:
                yield Change(place, ChangeKind.DELETED)
                continue
            try:
                status = entries[name].stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            yield from self._entry(upper, place, status)

    def _entry(self, parent: int, path: str, status: os.stat_result) -> Iterator[Change]:
        below = self.layer.lower.status(path)
        if is_whiteout(status):
            if below is not None:
                yield Change(path, ChangeKind.DELETED)
            return
        if below is None and path in self.layer.made_for_it and stat.S_ISREG(status.st_mode) and status.st_size == 0:
            return
        own = Change(path, ChangeKind.ADDED if below is None else ChangeKind.MODIFIED)
        if not stat.S_ISDIR(status.st_mode):
            yield own
            return
        with _opened(parent, path.rpartition("/")[2]) as upper:
            if upper is None:
                return
            if _attribute(upper, _REDIRECT) is not None:  # renamed as a whole: the private layer has no copies
                yield own
                yield from self._all_added(path)
                return
            yield from self._plain_directory(upper, own, status, below)

    def _plain_directory(
        self, upper: int, own: Change, status: os.stat_result, below: os.stat_result | None
    ) -> Iterator[Change]:
        inner = self.directory(upper, own.path)
        first = next(inner, None)
        if first is None and below is None and own.path in self.layer.made_for_it:
            return
        is_ours = any(made.startswith(f"{own.path}/") for made in self.layer.made_for_it)
        if first is not None or not (is_ours and below is not None and _same_directory(status, below)):
            yield own
        if first is not None:
            yield first
            yield from inner

    def _all_added(self, path: str) -> Iterator[Change]:
        check_depth(path)
        with inside.opened_inside(self.merged, path, os.O_RDONLY | os.O_DIRECTORY) as directory:
            entries = sorted(os.scandir(directory), key=lambda item: item.name)
            for entry in entries:
                place = f"{path}/{entry.name}"
                yield Change(place, ChangeKind.ADDED)
                if entry.is_dir(follow_symlinks=False):
                    yield from self._all_added(place)


def _same_directory(one: os.stat_result, other: os.stat_result) -> bool:
    """Whether a directory was copied up only because something was made in it."""
    return (one.st_mode, one.st_uid, one.st_gid) == (other.st_mode, other.st_uid, other.st_gid)


@contextmanager
def _opened(parent: int | None, name: str) -> Iterator[int | None]:
    """A directory, None if it is none any more."""
    try:
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(name, flags, dir_fd=parent)
    except OSError:
        yield None
        return
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _attribute(descriptor: int, name: str) -> bytes | None:
    try:
        return os.getxattr(descriptor, name)
    except OSError:
        return None
