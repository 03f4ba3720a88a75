"""A container's changes as an OCI layer, and its whole root as a tar."""

import os
from collections.abc import Iterator

from strata_runtime.adapters import inside
from strata_runtime.adapters.files.archive import ArchiveWriter
from strata_runtime.adapters.files.changes import PrivateLayer, list_changes
from strata_runtime.adapters.files.depth import check_depth
from strata_runtime.core.changes import ChangeKind


def export_changes(layer: PrivateLayer) -> Iterator[bytes]:
    """The private layer as a tar: changed files as the container sees them, whiteouts for what it deleted.

    Contents are read through the merged root: the private layer may hold a file's owner without its data (metacopy).
    """
    writer = ArchiveWriter()
    with inside.opened_root(layer.merged) as root:
        for change in list_changes(layer):
            if change.kind is ChangeKind.DELETED:
                yield writer.whiteout(change.path.lstrip("/"))
            else:
                yield from _entry(writer, root, change.path)
    yield writer.end()


def _entry(writer: ArchiveWriter, root: int, path: str) -> Iterator[bytes]:
    parent, _, name = path.rpartition("/")
    try:
        with inside.opened_inside(root, parent or "/", os.O_RDONLY | os.O_DIRECTORY) as directory:
            yield from writer.entry(directory, name, path.lstrip("/"))
    except FileNotFoundError:
        return  # the container removed it meanwhile


def export_tree(directory: int, prefix: str = "") -> Iterator[bytes]:
    """Everything below an open directory, staying on its file system."""
    writer = ArchiveWriter()
    yield from tree_entries(writer, directory, prefix, os.fstat(directory).st_dev)
    yield writer.end()


def tree_entries(writer: ArchiveWriter, directory: int, prefix: str, device: int) -> Iterator[bytes]:
    """Entries of a tree, directories before what is in them. Nothing is reached by more than one name at a time."""
    for name in sorted(os.listdir(directory)):
        archive_name = f"{prefix}{name}"
        try:
            yield from writer.entry(directory, name, archive_name)
            child = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            if error.errno == 40:  # noqa: PLR2004 -- ELOOP: a symbolic link
                continue
            raise
        try:
            if os.fstat(child).st_dev == device:
                check_depth(archive_name)
                yield from tree_entries(writer, child, f"{archive_name}/", device)
        finally:
            os.close(child)
