"""Paths inside a root: whatever links say, nothing happens outside."""

import os

import pytest

from strata_runtime.adapters import inside


@pytest.fixture
def root(tmp_path):
    (tmp_path / "outside").mkdir()
    tree = tmp_path / "root"
    tree.mkdir()
    descriptor = os.open(tree, os.O_PATH | os.O_DIRECTORY)
    yield tree, descriptor
    os.close(descriptor)


@pytest.mark.parametrize(
    ("links", "path", "made"),
    [
        ({}, "/a/b/c", "/a/b/c"),
        ({}, "a//./b", "/a/b"),
        ({}, "/../../a", "/a"),
        ({"link": "/else/where"}, "/link/x", "/else/where/x"),
        ({"link": "else/where"}, "/link", "/else/where"),
        ({"link": "../../../../else"}, "/link/x", "/else/x"),
        ({"one": "two", "two": "/three"}, "/one/x", "/three/x"),
    ],
)
def test_directories_are_made_where_links_lead_inside(root, links, path, made):
    tree, descriptor = root
    for name, target in links.items():
        (tree / name).symlink_to(target)
    assert inside.make_directories(descriptor, path) == made
    assert (tree / made.lstrip("/")).is_dir()


def test_a_link_to_the_host_stays_inside(root):
    tree, descriptor = root
    (tree / "link").symlink_to(tree.parent / "outside")
    inside.make_directories(descriptor, "/link/planted")
    inside.make_file(descriptor, "/link/file")
    assert list((tree.parent / "outside").iterdir()) == []


def test_links_in_a_circle_are_an_error(root):
    tree, descriptor = root
    (tree / "a").symlink_to("b")
    (tree / "b").symlink_to("a")
    with pytest.raises(OSError, match="symbolic links"):
        inside.make_directories(descriptor, "/a/x")


def test_a_file_that_is_a_link_to_itself_is_an_error(root):
    tree, descriptor = root
    (tree / "etc").mkdir()
    (tree / "etc" / "hosts").symlink_to("/etc/hosts")
    with pytest.raises(OSError, match="symbolic links"):
        inside.make_file(descriptor, "/etc/hosts")


def test_a_file_in_the_way_is_an_error(root):
    tree, descriptor = root
    (tree / "file").touch()
    with pytest.raises(NotADirectoryError):
        inside.make_directories(descriptor, "/file/x")


def test_a_dangling_link_to_a_file_is_given_one(root):
    tree, descriptor = root
    (tree / "link").symlink_to("/deep/file")
    assert inside.make_file(descriptor, "/link") == "/deep/file"
    assert (tree / "deep" / "file").is_file()


def test_large_files_and_fifos_are_not_read(root):
    tree, descriptor = root
    os.mkfifo(tree / "fifo")
    (tree / "large").write_bytes(b"x" * 100)
    assert inside.read_inside(descriptor, "/fifo", 10) is None
    assert inside.read_inside(descriptor, "/large", 10) is None
    assert inside.read_inside(descriptor, "/large", 100) == b"x" * 100
