"""META over data-only layers shows what the plain stack of the layers shows, file by file."""

from __future__ import annotations

import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings

from strata_store.adapters.content_root import INDEX
from strata_store.core.image_index import write_image_index
from strata_store.core.layer_index import read_layer_index
from strata_store.core.merge import merge_layers
from tests.unit.store.kernel_trees import mounted_erofs, mounted_overlay, snapshot
from tests.unit.store.layers import mounted_layer, read_tree, store_layer
from tests.unit.store.tar_examples import Example, layer_stacks, pack

pytestmark = pytest.mark.usefixtures("kernel")


@contextmanager
def both_ways(tars: Sequence[bytes]) -> Iterator[tuple[Path, Path]]:
    """Mount a stack of layers, base first, plainly and by its merged index."""
    with tempfile.TemporaryDirectory(prefix="store-stack-") as folder, ExitStack() as mounts:
        work = Path(folder)
        layers = []
        for number, tar in enumerate(tars):
            store_layer(work / f"layer{number}", tar)
            layers.append(mounts.enter_context(mounted_layer(work / f"layer{number}", work / f"mount{number}")))
        trees = [read_layer_index((work / f"layer{number}" / INDEX).read_bytes()) for number in range(len(tars))]
        (work / "meta").write_bytes(b"".join(write_image_index(merge_layers(trees), bytes(16))))
        meta = mounts.enter_context(mounted_erofs(work / "meta", [], work / "mounted-meta"))
        stacked = [layer / "fs" for layer in reversed(layers)]
        plain = mounts.enter_context(mounted_overlay(stacked, work / "plain"))
        hybrid = mounts.enter_context(mounted_overlay([meta], work / "hybrid", data=layers))
        yield plain, hybrid


@settings(max_examples=40)
@given(layers=layer_stacks())
def test_any_stack_looks_the_same_both_ways(layers: list[Example]) -> None:
    with both_ways([layer.tar for layer in layers]) as (plain, hybrid):
        expected, groups = snapshot(plain)
        found, found_groups = snapshot(hybrid)
    assert found == expected
    assert found_groups == groups


@settings(max_examples=15)
@given(layers=layer_stacks())
def test_an_index_read_back_is_the_tree_it_was_made_of(layers: list[Example]) -> None:
    """Merging just-made trees and trees read from indexes must not differ: a pull does both."""
    tars = [layer.tar for layer in layers]
    with tempfile.TemporaryDirectory(prefix="store-back-") as folder, ExitStack() as mounts:
        work = Path(folder)
        for number, tar in enumerate(tars):
            store_layer(work / f"layer{number}", tar)
        fresh = [read_tree(tar) for tar in tars]
        again = [read_layer_index((work / f"layer{number}" / INDEX).read_bytes()) for number in range(len(tars))]
        shown = []
        for name, trees in (("fresh", fresh), ("again", again)):
            (work / name).write_bytes(b"".join(write_image_index(merge_layers(trees), bytes(16))))
            mount = mounts.enter_context(mounted_erofs(work / name, [], work / f"m-{name}"))
            shown.append(snapshot(mount))
        assert shown[0] == shown[1]


def entry(name: str, kind: bytes = tarfile.REGTYPE, size: int = 0, mode: int = 0o644) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.size, info.mode = kind, size, mode
    return info


def test_an_undescribed_directory_keeps_the_attributes_it_has_below() -> None:
    base = pack([entry("secret", tarfile.DIRTYPE, mode=0o700), entry("secret/old", size=3)])
    with both_ways([base, pack([entry("secret/new", size=4)])]) as (_, hybrid):
        found, _ = snapshot(hybrid)
    assert oct(found["secret"].mode) == oct(0o40700)
    assert {"secret/old", "secret/new"} <= found.keys()


def test_a_directory_replaced_after_a_whiteout_of_the_same_layer_hides_what_was_below() -> None:
    base = pack([entry("d", tarfile.DIRTYPE), entry("d/old", size=3)])
    changed = pack([entry(".wh.d"), entry("d", tarfile.DIRTYPE), entry("d/new", size=4)])
    with both_ways([base, changed]) as (plain, hybrid):
        assert {path.name for path in (plain / "d").iterdir()} == {"new"}
        assert {path.name for path in (hybrid / "d").iterdir()} == {"new"}


def test_an_image_may_have_files_named_as_our_own() -> None:
    tar = pack([entry(".obj", tarfile.DIRTYPE), entry(".obj/aa", tarfile.DIRTYPE), entry(".obj/aa/x", size=9000)])
    with both_ways([tar, pack([entry("fs", size=5000)])]) as (plain, hybrid):
        for root in (plain, hybrid):
            assert {path.name for path in root.iterdir()} == {".obj", "fs"}
            assert {path.name for path in (root / ".obj").iterdir()} == {"aa"}
            assert (root / ".obj" / "aa" / "x").stat().st_size == len((root / ".obj" / "aa" / "x").read_bytes())
