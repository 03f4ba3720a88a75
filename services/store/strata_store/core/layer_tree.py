"""The tree of files that one layer's tar describes.

Later entries replace earlier ones, parents may be missing, whiteouts become the character devices 0:0 and opaque
directories the flag that overlayfs knows. A name's parents may be symbolic links of the same layer: they are followed
inside the root, as containerd does; layers below are never looked at, so a layer is the same wherever it is used.
"""

import stat

from strata_store.core.inode import Inode, implicit_directory, walk
from strata_store.core.layer_errors import layer_invalid, layer_too_large
from strata_store.core.paths import clean

_WHITEOUT = b".wh."
_AUFS = b".wh..wh."
_OPAQUE = b".wh..wh..opq"
_MAX_LINKS_FOLLOWED = 40  # the kernel's own limit
_MAX_STEPS = 4096
_MAX_REMEMBERED = 1 << 12  # each is a path of up to 4 KiB
_NAME_BYTES = 100
_DIRECTORY_BYTES = 400
_XATTR_BYTES = 150
_EXTENT_BYTES = 120
"""What this process needs for each, besides the bytes of names and values."""


class LayerTree:
    """Takes the entries of a tar in order (it is a ``tar.reader.Sink``); ``root`` is the result.

    Raises InvalidArgument (LAYER_INVALID) for entries no engine would unpack, and for more than ``max_inodes`` files,
    ResourceExhausted (LAYER_TOO_LARGE) if all that is kept of the entries takes more than ``max_bytes`` of memory.
    """

    def __init__(self, max_inodes: int = 1 << 20, max_bytes: int = 256 << 20) -> None:
        self.root = implicit_directory()
        self.entries = 0
        self._inodes_left = max_inodes
        self._max_bytes = self._bytes_left = max_bytes
        self._directories: dict[bytes, Inode] = {}
        self._whiteout = Inode(stat.S_IFCHR)

    def add(self, name: bytes, inode: Inode) -> None:
        """Put a file at a name; a directory over a directory only changes its attributes."""
        self.entries += 1
        parent, base = self._locate(name)
        self._spend(_cost(base, inode))
        if base.startswith(_WHITEOUT):
            self._add_whiteout(parent, base, name)
            return
        self._count()
        existing = parent.entries.get(base) if base else self.root
        if existing is None:
            parent.entries[base] = inode
        elif inode.is_directory and existing.is_directory:
            _update_directory(existing, inode)
        elif base:
            self._replace(parent, base, existing, inode)
        else:
            raise layer_invalid("the root is no directory", name)

    def link(self, name: bytes, target: bytes) -> None:
        """Put the file that ``target`` names at one more name."""
        self.entries += 1
        target_parent, target_base = self._locate(target)
        inode = target_parent.entries.get(target_base)
        if inode is None or inode.is_directory or inode is self._whiteout:
            raise layer_invalid("a hardlink's target is no file of the layer", name)
        parent, base = self._locate(name)
        if not base or base.startswith(_WHITEOUT):
            raise layer_invalid("a hardlink has an impossible name", name)
        existing = parent.entries.get(base)
        if existing is inode:
            return
        self._spend(_NAME_BYTES + len(base))
        inode.nlink += 1
        if existing is None:
            parent.entries[base] = inode
        else:
            self._replace(parent, base, existing, inode)

    def _add_whiteout(self, parent: Inode, base: bytes, name: bytes) -> None:
        if base == _OPAQUE:
            parent.opaque = True
            return
        if base.startswith(_AUFS):
            return  # what aufs kept for itself
        hidden = base[len(_WHITEOUT) :]
        if hidden in {b"", b".", b".."}:
            raise layer_invalid("a whiteout hides an impossible name", name)
        existing = parent.entries.setdefault(hidden, self._whiteout)
        # A whiteout hides what is below the layer, never what the layer itself has. Source: image-spec, layer.md.
        if existing.is_directory:
            existing.opaque = True

    def _replace(self, parent: Inode, base: bytes, existing: Inode, inode: Inode) -> None:
        if existing.is_directory or stat.S_ISLNK(existing.mode):
            self._directories.clear()
        if existing is self._whiteout:
            inode.opaque = inode.is_directory
        elif existing.is_directory:
            for directory in walk(existing):
                for child in directory.entries.values():
                    child.nlink -= 1
        else:
            existing.nlink -= 1
        parent.entries[base] = inode

    def _count(self) -> None:
        self._inodes_left -= 1
        if self._inodes_left < 0:
            raise layer_invalid("it has too many files")

    def _spend(self, size: int) -> None:
        self._bytes_left -= size
        if self._bytes_left < 0:
            raise layer_too_large("the layer's names, links and attributes are", self._max_bytes)

    # From names to directories.

    def _locate(self, name: bytes) -> tuple[Inode, bytes]:
        """Find the directory a name lies in (made if missing), and its last part (empty: the root itself)."""
        head, _, base = name.rstrip(b"/").rpartition(b"/")
        parent = self._directories.get(head)
        if parent is not None and base not in {b"", b".", b".."} and len(base) <= 255:  # noqa: PLR2004 - NAME_MAX
            return parent, base
        parts = clean(name)
        if not parts:
            return self.root, b""
        parent = self._descend(parts[:-1], name)
        if base == parts[-1]:
            if len(self._directories) >= _MAX_REMEMBERED:
                self._directories.clear()
            self._directories[head] = parent
        return parent, parts[-1]

    def _descend(self, parts: list[bytes], name: bytes) -> Inode:
        """Walk from the root, following symbolic links inside it and making what is missing."""
        path = [self.root]
        pending = parts[::-1]
        links_left, steps_left = _MAX_LINKS_FOLLOWED, _MAX_STEPS
        while pending:
            part = pending.pop()
            steps_left -= 1
            if part == b"..":
                path = path[:-1] or path
                continue
            child = self._enter(path[-1], part, name)
            if child.is_directory:
                path.append(child)
                continue
            links_left -= 1
            if links_left < 0 or steps_left < len(pending):
                raise layer_invalid("too many symbolic links", name)
            if child.target.startswith(b"/"):
                path = [self.root]
            pending.extend(part for part in reversed(child.target.split(b"/")) if part not in {b"", b"."})
        return path[-1]

    def _enter(self, parent: Inode, part: bytes, name: bytes) -> Inode:
        """Return the child a path goes through: a directory or a symbolic link."""
        child = parent.entries.get(part)
        if child is not None and (child.is_directory or stat.S_ISLNK(child.mode)):
            return child
        if child is not None and child is not self._whiteout:
            raise layer_invalid("its parent is no directory", name)
        self._count()
        self._spend(_DIRECTORY_BYTES + len(part))
        made = implicit_directory()
        made.opaque = child is self._whiteout
        parent.entries[part] = made
        return made


def _cost(base: bytes, inode: Inode) -> int:
    """Estimate the memory that a name and its file take."""
    size = (_DIRECTORY_BYTES if inode.is_directory else _NAME_BYTES) + len(base) + len(inode.target)
    if inode.xattrs:
        size += sum(_XATTR_BYTES + len(name) + len(value) for name, value in inode.xattrs)
    if inode.extents:
        size += _EXTENT_BYTES * len(inode.extents)
    return size


def _update_directory(existing: Inode, described: Inode) -> None:
    existing.mode, existing.uid, existing.gid = described.mode, described.uid, described.gid
    existing.mtime_s, existing.mtime_ns = described.mtime_s, described.mtime_ns
    existing.xattrs, existing.implicit = described.xattrs, False
