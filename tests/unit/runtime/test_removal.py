"""Trees that are made to be hard to remove, and what must not go with them."""

import os
import subprocess

import grpc
import pytest

from strata.runtime.v1 import runtime_pb2 as pb
from strata_runtime.adapters.removal import remove_tree

DEEP = "i=0; while [ $i -lt 2000 ]; do mkdir d; cd d; i=$((i + 1)); done"


def nest(path, levels: int) -> None:
    path.mkdir()
    current = os.open(path, os.O_RDONLY)
    for _ in range(levels):
        os.mkdir("d", dir_fd=current)
        below = os.open("d", os.O_RDONLY, dir_fd=current)
        os.close(current)
        current = below
    os.close(current)


def test_a_tree_deeper_than_paths_and_stacks_go_is_removed(tmp_path):
    nest(tmp_path / "deep", 5000)
    remove_tree(str(tmp_path / "deep"))
    assert list(tmp_path.iterdir()) == []


def test_a_tree_with_everything_in_it_is_removed_and_what_its_links_point_to_is_kept(tmp_path):
    kept = tmp_path / "kept"
    (kept / "inner").mkdir(parents=True)
    (kept / "file").touch()
    tree = tmp_path / "tree"
    for name in ("a/b/c", "a/d", "e"):
        (tree / name).mkdir(parents=True)
        (tree / name / "file").touch()
        (tree / name / "link").symlink_to(kept)
        os.mkfifo(tree / name / "fifo")
    (tree / "a" / "climb").symlink_to("../../kept")
    (tree / "a").chmod(0)
    remove_tree(str(tree))
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    assert {path.name for path in kept.iterdir()} == {"inner", "file"}


def test_what_is_not_there_is_removed_already(tmp_path):
    remove_tree(str(tmp_path / "nothing"))


def test_what_is_mounted_in_a_tree_is_kept(tmp_path):
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").touch()
    (tmp_path / "tree" / "mount").mkdir(parents=True)
    if subprocess.run(["mount", "--bind", tmp_path / "kept", tmp_path / "tree" / "mount"], check=False).returncode:
        pytest.skip("mounts need root")
    try:
        with pytest.raises(OSError, match="cross-device"):
            remove_tree(str(tmp_path / "tree"))
    finally:
        subprocess.run(["umount", tmp_path / "tree" / "mount"], check=True)
    assert (tmp_path / "kept" / "file").exists()


def test_a_container_with_a_tree_too_deep_to_be_read_is_refused_and_removed(node):
    container = node.run("sh", "-c", f"cd /tmp; {DEEP}")
    node.wait(container)
    calls = {
        node.stub.ListChanges: pb.ListChangesRequest(container=container),
        node.stub.ExportChanges: pb.ExportChangesRequest(container=container),
        node.stub.ExportFilesystem: pb.ExportFilesystemRequest(container=container),
        node.stub.CopyOut: pb.CopyOutRequest(container=container, path="/tmp"),
    }
    for call, request in calls.items():
        with pytest.raises(grpc.RpcError) as error:
            list(call(request))
        assert error.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert node.stub.GetContainer(pb.GetContainerRequest(container=container, include_size=True)).container.id
    node.remove(container)
    assert not (node.state_dir / "runtime" / "containers" / container).exists()


def test_what_cannot_be_removed_does_not_keep_the_service_from_starting(own_node):
    left = own_node.state_dir / "runtime" / "containers" / ("e" * 64)
    nest(left, 2000)
    stuck = left.with_name("d" * 64)
    (stuck / "mount").mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "none", stuck / "mount"], check=True)
    try:
        own_node.kill_runtime()
        own_node.start_runtime()
    finally:
        subprocess.run(["umount", stuck / "mount"], check=True)
    assert stuck.exists()
    assert not left.exists()
