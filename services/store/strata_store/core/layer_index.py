"""The index of one layer: what makes its tar a file system.

Its root has two directories. ``fs`` is the layer's tree, to be stacked as it is. ``.obj`` names every content the
layer holds by its digest, hardlinked to the tree's files, for images whose merged metadata points there. As the tree
is not at the root, no file of an image can collide with ``.obj``, and no container sees it.
"""

import stat
from collections.abc import Iterator, Sequence

from strata_store.core.contents import TAR_DEVICE
from strata_store.core.erofs import xattrs
from strata_store.core.erofs.layout import BLOCK
from strata_store.core.erofs.reader import ImageReader
from strata_store.core.erofs.writer import Encoding, write_image
from strata_store.core.inode import Inode, directory, walk
from strata_store.core.object_names import BORROWED, OBJECTS

TREE = b"fs"


def _body(inode: Inode) -> bytes:
    if not (inode.xattrs or inode.opaque or inode.implicit):
        return b""
    own = xattrs.keep(inode.xattrs)
    flags = [xattrs.OPAQUE] * inode.opaque + [xattrs.IMPLICIT] * inode.implicit
    return xattrs.encode((*own, *flags))


def _locate(inode: Inode) -> tuple[int, int]:
    return inode.device, inode.data_offset // BLOCK


_ENCODING = Encoding(_body, lambda inode: len(_body(inode)), _locate)


def write_layer_index(
    tree: Inode, owned: dict[bytes, Inode], borrowed: dict[bytes, Inode], device_sizes: Sequence[int], uuid: bytes
) -> Iterator[bytes]:
    """Yield the index of a layer, made from its tree and the contents it holds itself and borrows from others.

    Each file says on which device and where its data is; device 1 is the layer's own tar.
    """
    root = directory()
    root.entries = {OBJECTS: _object_directory(owned)}
    if borrowed:
        root.entries[BORROWED] = _object_directory(borrowed)
    root.entries[TREE] = tree
    return write_image(root, _ENCODING, device_sizes, uuid)


def write_remnant_index(kept: dict[bytes, tuple[int, int]], tar_bytes: int, uuid: bytes) -> Iterator[bytes]:
    """Yield the index of a layer of which only lent contents are left: {digest: (offset, size)}."""
    owned = {
        digest: Inode(stat.S_IFREG | 0o444, size=size, data_offset=offset, device=TAR_DEVICE, digest=digest)
        for digest, (offset, size) in kept.items()
    }
    return write_layer_index(directory(), owned, {}, [tar_bytes], uuid)


def read_objects(image: bytes | memoryview, kind: bytes) -> dict[bytes, Inode]:
    """Return the contents an index names as its own (``.obj``) or as borrowed (``.ref``)."""
    reader = ImageReader(image)
    nid = reader.root().get(kind)
    if nid is None:
        return {}
    fans = reader.tree(nid).entries
    return {
        bytes.fromhex((first + rest).decode()): inode
        for first, fan in fans.items()
        for rest, inode in fan.entries.items()
    }


def _object_directory(contents: dict[bytes, Inode]) -> Inode:
    top = directory()
    fans: dict[int, dict[bytes, Inode]] = {}
    for digest, inode in contents.items():
        fan = fans.get(digest[0])
        if fan is None:
            fan = fans[digest[0]] = {}
        fan[digest.hex().encode()[2:]] = inode
    for first, entries in fans.items():
        fan_directory = directory()
        fan_directory.entries = entries
        top.entries[b"%02x" % first] = fan_directory
    return top


def read_layer_index(image: bytes | memoryview) -> Inode:
    """Read the tree of a layer back from its index, with the digest of every content."""
    reader = ImageReader(image)
    names = reader.root()
    tree = reader.tree(names[TREE])
    for kind in (OBJECTS, BORROWED):
        if kind in names:
            for first, fan in reader.tree(names[kind]).entries.items():
                for rest, inode in fan.entries.items():
                    inode.digest = bytes.fromhex((first + rest).decode())
    _spread_digests(tree)
    return tree


def _spread_digests(tree: Inode) -> None:
    """Give files that share their data with a named one its digest: ``.obj`` has each content once."""
    by_place: dict[tuple[int, int], bytes] = {}
    unnamed: list[Inode] = []
    for folder in walk(tree):
        for inode in folder.entries.values():
            if inode.digest is not None:
                by_place[inode.device, inode.data_offset] = inode.digest
            elif inode.device:
                unnamed.append(inode)
    for inode in unnamed:
        inode.digest = by_place[inode.device, inode.data_offset]
