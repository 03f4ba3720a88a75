"""The heart of the store: a layer's index shows what GNU tar would have unpacked, file by file."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.store.kernel_trees import Facts, snapshot
from tests.unit.store.layers import mounted_layer, store_layer
from tests.unit.store.tar_examples import Example, examples

pytestmark = pytest.mark.usefixtures("kernel")


def unpack(tar: bytes, folder: Path) -> None:
    folder.mkdir()
    command = ["tar", "-x", "-p", "--numeric-owner", "--same-owner", "--xattrs", "--xattrs-include=*"]
    command += ["--absolute-names", "--delay-directory-restore", "-C", str(folder)]
    subprocess.run(command, input=tar, check=True, stderr=subprocess.DEVNULL)


def forget_undescribed(found: dict[str, Facts], described: set[str]) -> dict[str, Facts | None]:
    """Directories no entry describes get today's date from GNU tar: only that they are there counts."""
    return {name: value if name in described else None for name, value in found.items()}


def assert_equal_to_gnu_tar(tar: bytes, described: set[str], work: Path, chunk_bytes: int = 1 << 20) -> None:
    unpack(tar, work / "unpacked")
    store_layer(work / "layer", tar, chunk_bytes)
    with mounted_layer(work / "layer", work / "mounted") as root:
        ours, our_links = snapshot(root / "fs")
        theirs, their_links = snapshot(work / "unpacked")
    assert forget_undescribed(ours, described) == forget_undescribed(theirs, described)
    assert our_links == their_links


@settings(max_examples=50)
@given(example=examples(), chunk_bytes=st.sampled_from([1, 511, 512, 1000, 1 << 20]))
def test_any_tar_is_mounted_as_gnu_tar_unpacks_it(example: Example, chunk_bytes: int) -> None:
    with tempfile.TemporaryDirectory(prefix="store-gnu-") as work:
        assert_equal_to_gnu_tar(example.tar, example.described, Path(work), max(chunk_bytes, len(example.tar) // 200))


@pytest.mark.parametrize(
    "format_flags",
    [
        ["--format=gnu"],
        ["--format=posix", "--sparse-version=0.0"],
        ["--format=posix", "--sparse-version=0.1"],
        ["--format=posix", "--sparse-version=1.0"],
    ],
    ids=["old GNU", "PAX 0.0", "PAX 0.1", "PAX 1.0"],
)
def test_sparse_files_of_all_formats_read_as_gnu_tar_unpacks_them(format_flags: list[str], tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for name, size in (("few", 3 << 20), ("many", 9 << 20), ("empty", 5 << 20), ("odd", (1 << 20) + 77)):
        with (source / name).open("wb") as file:
            file.truncate(size)
            for start in range(4096 * 3, size if name in ("many", "few") else 0, size // (40 if name == "many" else 3)):
                file.seek(start // 4096 * 4096)
                file.write(os.urandom(5000))
            if name == "odd":
                file.seek(size - 77)
                file.write(b"x" * 77)
    command = ["tar", "-c", "--sparse", *format_flags, "-C", source, "."]
    tar = subprocess.run(command, check=True, capture_output=True).stdout
    assert len(tar) < 2 << 20
    assert_equal_to_gnu_tar(tar, {".", "few", "many", "empty", "odd"}, tmp_path)


def test_a_real_tree_is_mounted_as_gnu_tar_unpacks_it(tmp_path: Path) -> None:
    command = ["tar", "-c", "--format=posix", "--xattrs", "-C", "/", "usr/lib/locale", "usr/sbin", "usr/share/perl5"]
    tar = subprocess.run([*command, "etc"], check=True, capture_output=True).stdout
    work = tmp_path
    unpack(tar, work / "unpacked")
    store_layer(work / "layer", tar)
    with mounted_layer(work / "layer", work / "mounted") as root:
        ours, our_links = snapshot(root / "fs" / "etc")
        theirs, their_links = snapshot(work / "unpacked" / "etc")
        assert (ours, our_links) == (theirs, their_links)
        ours, our_links = snapshot(root / "fs" / "usr" / "sbin")
        theirs, their_links = snapshot(work / "unpacked" / "usr" / "sbin")
        assert (ours, our_links) == (theirs, their_links)
