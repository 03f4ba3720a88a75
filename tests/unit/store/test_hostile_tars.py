"""Broken and hostile tars are refused in a sentence, or read as other engines do: no crash, no hang, no flood."""

from __future__ import annotations

import os
import struct
import tarfile
import time
import tracemalloc
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strata_chassis.errors import InvalidArgument, ResourceExhausted
from strata_store.adapters.content_root import AUX
from strata_store.core.contents import Contents
from strata_store.core.inode import Inode
from strata_store.core.layer_index import write_layer_index
from strata_store.core.layer_tree import LayerTree
from strata_store.core.tar.reader import TarReader
from tests.unit.store.kernel_trees import snapshot
from tests.unit.store.layers import mounted_layer, read_tree, store_layer
from tests.unit.store.tar_examples import Example, examples, pack


def entry(name: str, kind: bytes = tarfile.REGTYPE, link: str = "", **fields: object) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    for field, value in fields.items():
        setattr(info, field, value)
    return info


def header(name: bytes = b"f", *, kind: bytes = b"0", size: bytes = b"0", link: bytes = b"") -> bytes:
    """Make a header block with any bytes in its fields, and the right checksum."""
    block = bytearray(512)
    struct.pack_into(
        "100s8s8s8s12s12s8sc100s8s",
        block,
        0,
        name,
        b"0000644",
        b"0",
        b"0",
        size,
        b"0",
        b" " * 8,
        kind,
        link,
        b"ustar\x0000",
    )
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def pax(records: bytes) -> bytes:
    return header(b"pax", kind=b"x", size=b"%o" % len(records)) + records + bytes(-len(records) % 512)


def record(key: str, value: str) -> bytes:
    body = f" {key}={value}\n".encode()
    length = len(body) + 1
    while len(str(length)) + len(body) != length:
        length += 1
    return str(length).encode() + body


def sparse(extents: str, size: int, stored: int) -> bytes:
    records = record("GNU.sparse.map", extents) + record("GNU.sparse.size", str(size))
    return pax(records) + header(size=b"%o" % stored) + bytes(512)


END = bytes(1024)
MANY_XATTRS = b"".join(record(f"SCHILY.xattr.user.{number}", "") for number in range(4000))


def names(root: Inode, prefix: str = "") -> set[str]:
    found = set()
    for name, child in root.entries.items():
        path = prefix + name.decode()
        found |= {path} | names(child, path + "/")
    return found


@settings(max_examples=100)
@given(example=examples(), changes=st.lists(st.tuples(st.integers(0, 1 << 16), st.binary(max_size=12)), max_size=6))
def test_a_tar_with_any_bytes_changed_is_read_or_refused(example: Example, changes: list[tuple[int, bytes]]) -> None:
    tar = bytearray(example.tar)
    for position, data in changes:
        start = position % len(tar)
        tar[start : start + len(data)] = data
    read_or_refuse(bytes(tar))


KINDS = st.sampled_from([bytes([n]) for n in b"0123456789xgLKSVDM\0"])
SIZES = st.one_of(
    st.binary(max_size=12),
    st.sampled_from([b"100", b"777777777777", b"\x80" + b"\xff" * 11, b"\xff" * 12]),
)
BLOCKS = st.one_of(
    st.binary(min_size=512, max_size=512),
    st.builds(header, st.binary(max_size=100), kind=KINDS, size=SIZES, link=st.binary(max_size=100)),
)
KEYS = st.sampled_from(
    ["path", "linkpath", "size", "mtime", "uid", "SCHILY.xattr.user.x", "LIBARCHIVE.xattr.user.y"]
    + [f"GNU.sparse.{key}" for key in ("major", "minor", "map", "size", "realsize", "name", "offset", "numbytes")]
)
VALUES = st.one_of(st.text(max_size=20), st.integers(-5, 1 << 70).map(str), st.sampled_from(["0,1,5,3", "1"]))


@settings(max_examples=100)
@given(blocks=st.lists(BLOCKS, max_size=8))
def test_any_blocks_are_read_or_refused(blocks: list[bytes]) -> None:
    read_or_refuse(b"".join(blocks))


@settings(max_examples=100)
@given(records=st.lists(st.tuples(KEYS, VALUES), max_size=6), data=st.binary(max_size=1024))
def test_any_extended_headers_are_read_or_refused(records: list[tuple[str, str]], data: bytes) -> None:
    tar = pax(b"".join(record(*pair) for pair in records)) + header(b"file", size=b"%o" % len(data))
    read_or_refuse(tar + data + bytes(-len(data) % 512) + END)


def read_or_refuse(tar: bytes) -> None:
    started = time.monotonic()
    try:
        contents = Contents(read_tree(tar, 1000))
        assert list(write_layer_index(contents.tree, contents.first, {}, [len(tar)], bytes(16)))
    except InvalidArgument as error:
        assert error.reason == "LAYER_INVALID"
        assert error.message.isprintable()
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    ("tar", "why"),
    [
        (header(size=b"7777777") + bytes(512), "ends in the middle"),
        (header()[:300], "ends in the middle"),
        (pax(record("path", "x")), "ends in the middle"),
        (b"g" + header()[1:], "checksum"),
        (header(size=b"12x4"), "no number"),
        (header(size=b"\xff" * 12), "negative"),
        (header(kind=b"V"), "type"),
        (header(kind=b"1", link=b"missing") + END, "hardlink's target"),
        (header(kind=b"2") + END, "impossible target"),
        (header(b"a") + header(b"a/b") + END, "parent is no directory"),
        (header(b".wh.") + END, "whiteout"),
        (header(b".wh...") + END, "whiteout"),
        (header(b".", kind=b"0") + END, "root is no directory"),
        (bytes(512) + header() + END, "end mark"),
        (pax(record("path", "a\0b")) + header() + END, "NUL"),
        (pax(b"9999999999 path=x\n") + header() + END, "PAX record"),
        (pax(record("path", "n" * 256)) + header() + END, "too long"),
        (pax(record("path", "d/" * 3000)) + header() + END, "impossible"),
        (sparse("5,1,0,1", 9, 2), "order"),
        (sparse("0,4", 2, 4), "fit"),
        (pax(record("size", str(1 << 62))) + header(), "too large"),
        (header(b"p", kind=b"x", size=b"77777777"), "impossible length"),
        (pack([entry("s", tarfile.SYMTYPE, "s"), entry("s/x")]), "symbolic links"),
    ],
)  # fmt: skip
def test_what_no_engine_unpacks_is_refused_with_a_reason(tar: bytes, why: str) -> None:
    with pytest.raises(InvalidArgument, match=why) as caught:
        read_tree(tar)
    assert caught.value.reason == "LAYER_INVALID"


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("../../etc/passwd", {"etc", "etc/passwd"}),
        ("/etc/passwd", {"etc", "etc/passwd"}),
        ("a/../../b", {"b"}),
        ("./a/./b", {"a", "a/b"}),
        ("a//b", {"a", "a/b"}),
    ],
)
def test_names_that_leave_the_root_are_confined_to_it(name: str, found: set[str]) -> None:
    assert names(read_tree(pack([entry(name)]))) == found


@pytest.mark.parametrize(
    ("target", "found"),
    [
        ("/real", {"link", "real", "real/x"}),
        ("../../../real", {"link", "real", "real/x"}),
        ("real/./sub/..", {"link", "real", "real/sub", "real/x"}),
    ],
)
def test_parents_that_are_symbolic_links_are_followed_inside_the_root(target: str, found: set[str]) -> None:
    assert names(read_tree(pack([entry("link", tarfile.SYMTYPE, target), entry("link/x")]))) == found


def test_a_hardlink_whose_target_leaves_the_root_finds_the_file_inside() -> None:
    root = read_tree(pack([entry("a", size=5), entry("b", tarfile.LNKTYPE, "../../a")]))
    assert root.entries[b"a"] is root.entries[b"b"]
    assert root.entries[b"a"].nlink == 2


def test_a_file_that_is_replaced_keeps_its_other_names() -> None:
    root = read_tree(pack([entry("a", size=5), entry("b", tarfile.LNKTYPE, "a"), entry("a", size=9)]))
    assert (root.entries[b"a"].size, root.entries[b"b"].size) == (9, 5)
    assert root.entries[b"b"].nlink == 1


def test_a_directory_that_becomes_a_file_loses_what_was_in_it() -> None:
    root = read_tree(pack([entry("d", tarfile.DIRTYPE), entry("d/x"), entry("d")]))
    assert names(root) == {"d"}


def test_aufs_leftovers_are_no_files() -> None:
    assert names(read_tree(pack([entry(".wh..wh.aufs"), entry(".wh..wh.orph"), entry("a")]))) == {"a"}


def test_attributes_that_would_steer_overlayfs_are_left_out(tmp_path: Path, kernel: None) -> None:
    info = entry("d", tarfile.DIRTYPE, mode=0o755)
    info.pax_headers = {
        "SCHILY.xattr.trusted.overlay.opaque": "y",
        "SCHILY.xattr.trusted.overlay.redirect": "/etc",
        "SCHILY.xattr.user.ok": "kept",
        "SCHILY.xattr.unknown.space": "dropped",
    }
    store_layer(tmp_path / "layer", pack([info]))
    with mounted_layer(tmp_path / "layer", tmp_path / "mount") as root:
        listed = os.listxattr(root / "fs" / "d")
    assert listed == ["user.ok"]


def sparse_bomb(size: int) -> bytes:
    records = record("GNU.sparse.map", f"0,4,{size - 4},4") + record("GNU.sparse.size", str(size))
    return pax(records) + header(b"bomb", size=b"%o" % 8) + b"headtail" + bytes(504) + END


def test_a_sparse_file_of_sixty_gigabytes_takes_no_space(tmp_path: Path, kernel: None) -> None:
    size = 60_000_000_000
    store_layer(tmp_path / "layer", sparse_bomb(size))
    assert (tmp_path / "layer" / AUX).stat().st_blocks * 512 < 100_000
    with mounted_layer(tmp_path / "layer", tmp_path / "mount") as root, (root / "fs" / "bomb").open("rb") as file:
        assert file.read(4) == b"head"
        file.seek(size - 4)
        assert file.read() == b"tail"


def test_sparse_files_that_claim_more_than_any_disk_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match="too large"):
        store_layer(tmp_path / "layer", sparse_bomb(1 << 62))


def test_a_small_tar_cannot_use_much_memory() -> None:
    deep = pack([entry("/".join("abcdefgh"[(n >> 3 * k) % 8] for k in range(900))) for n in range(20)])
    tracemalloc.start()
    try:
        read_tree(deep)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 30 << 20


def _feed(reader: TarReader, pieces: Iterable[bytes]) -> None:
    for piece in pieces:
        reader.feed(piece)


def repeated(count: int, make: Callable[[bytes], bytes]) -> int:
    """Read entries of different names until they are refused; the most memory that took."""
    reader = TarReader(LayerTree(max_bytes=4 << 20))
    tracemalloc.start()
    try:
        with pytest.raises(ResourceExhausted) as caught:
            _feed(reader, (make(b"%d" % number) for number in range(count)))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert caught.value.reason == "LAYER_TOO_LARGE"
    return peak


@pytest.mark.parametrize(
    ("what", "make"),
    [
        ("attributes", lambda name: pax(record("SCHILY.xattr.user.x", "v" * 60_000)) + header(name)),
        ("small attributes", lambda name: pax(MANY_XATTRS) + header(name)),
        ("symbolic links", lambda name: pax(record("linkpath", "t" * 4000)) + header(name, kind=b"2", link=b"x")),
        ("hard links", lambda name: header(b"same") + header(b"y" * 90 + name, kind=b"1", link=b"same")),
        ("whiteouts", lambda name: header(b".wh." + b"w" * 80 + name)),
        ("missing parents", lambda name: pax(record("path", f"{name.decode()}/" + "d/" * 1000 + "f")) + header()),
    ],
)
def test_all_that_is_kept_of_a_layer_is_bounded(what: str, make: Callable[[bytes], bytes]) -> None:
    assert repeated(100_000, make) < 16 << 20, what


def test_the_attributes_of_one_file_are_bounded() -> None:
    halves = [record(f"SCHILY.xattr.user.{name}", "v" * 40_000) for name in "ab"]
    read_tree(pax(halves[0]) + header() + END)
    with pytest.raises(InvalidArgument, match="attributes are too long"):
        read_tree(pax(b"".join(halves)) + header() + END)


def test_global_headers_cannot_grow_without_end() -> None:
    def long(number: int) -> bytes:
        records = record(f"key{number}", "v" * 600_000)
        return header(b"pax", kind=b"g", size=b"%o" % len(records)) + records + bytes(-len(records) % 512)

    read_tree(long(1) + header() + END)
    with pytest.raises(InvalidArgument, match="global headers"):
        read_tree(long(1) + long(2) + header() + END)


def test_every_kind_of_link_and_device_is_shown_by_the_kernel(tmp_path: Path, kernel: None) -> None:
    made = [
        entry("file", size=3, mode=0o4755),
        entry("hard", tarfile.LNKTYPE, "file"),
        entry("soft", tarfile.SYMTYPE, "x" * 1000),
        entry("fifo", tarfile.FIFOTYPE, mode=0o600),
        entry("char", tarfile.CHRTYPE, devmajor=4095, devminor=(1 << 20) - 1),
        entry("block", tarfile.BLKTYPE, devmajor=8, devminor=1),
    ]
    store_layer(tmp_path / "layer", pack(made))
    with mounted_layer(tmp_path / "layer", tmp_path / "mount") as root:
        found, groups = snapshot(root / "fs")
    assert groups == {frozenset({"file", "hard"})}
    assert found["soft"].target == "x" * 1000
    assert found["block"].rdev == (8 << 8) + 1
