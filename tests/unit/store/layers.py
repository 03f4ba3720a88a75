"""Layers made of bytes, on disk as the store has them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from strata_store.adapters import ingest
from strata_store.adapters.content_root import AUX, INDEX, TAR
from strata_store.adapters.ingest import Built, Expected, Limits
from strata_store.core.inode import Inode
from strata_store.core.layer_tree import LayerTree
from strata_store.core.tar.reader import TarReader
from tests.unit.store.kernel_trees import mounted_erofs


def read_tree(tar: bytes, chunk_bytes: int = 1 << 20) -> Inode:
    """Read a tar into a tree, in chunks."""
    tree = LayerTree()
    reader = TarReader(tree)
    for start in range(0, len(tar), chunk_bytes):
        reader.feed(tar[start : start + chunk_bytes])
    reader.finish()
    return tree.root


def store_layer(folder: Path, tar: bytes, chunk_bytes: int = 1 << 20) -> Built:
    """Take a layer in, in chunks; its files are in ``folder`` then."""
    folder.mkdir()
    chunks = (tar[start : start + chunk_bytes] for start in range(0, len(tar), chunk_bytes))
    return build_layer(folder, chunks)


def build_layer(folder: Path, chunks: Iterable[bytes]) -> Built:
    """Take a layer in."""
    return ingest.build(ingest.receive(chunks, folder, Expected(), Limits()), {}, {})


@contextmanager
def mounted_layer(folder: Path, target: Path) -> Iterator[Path]:
    """Mount a stored layer; yields the root of its index."""
    devices = [path for path in (folder / TAR, folder / AUX) if path.exists()]
    with mounted_erofs(folder / INDEX, devices, target):
        yield target
