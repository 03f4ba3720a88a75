"""Changes, exports and copies, with containers that try to lead them astray."""

import io
import tarfile
import time
from contextlib import suppress

import grpc
import pytest

from strata.runtime.v1 import container_pb2
from strata.runtime.v1 import runtime_pb2 as pb

KINDS = {1: "C", 2: "A", 3: "D"}


def changes(node, container):
    stream = node.stub.ListChanges(pb.ListChangesRequest(container=container))
    return [(KINDS[change.kind], change.path) for message in stream for change in message.changes]


def archive(stream) -> tarfile.TarFile:
    data = b"".join(message.data for message in stream)
    return tarfile.open(fileobj=io.BytesIO(data))


def copy_in(node, container, path, members, **header):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as writer:
        for info, content in members:
            info.size = len(content)
            writer.addfile(info, io.BytesIO(content))
    messages = [
        pb.CopyInRequest(header=pb.CopyInRequest.Header(container=container, path=path, **header)),
        *(pb.CopyInRequest(data=buffer.getvalue()[start : start + 700]) for start in range(0, buffer.tell(), 700)),
    ]
    node.stub.CopyIn(iter(messages))


def finished(node, script, **fields):
    container = node.run("sh", "-c", script, **fields)
    node.wait(container)
    return container


def test_changes_are_what_was_added_changed_and_deleted(node):
    container = finished(node, "echo x > /etc/new; echo y >> /data/file; rm /bin/ls; mkdir -p /a/b; touch /a/b/c")
    assert changes(node, container) == [
        ("A", "/a"),
        ("A", "/a/b"),
        ("A", "/a/b/c"),
        ("C", "/bin"),
        ("D", "/bin/ls"),
        ("C", "/data"),
        ("C", "/data/file"),
        ("C", "/etc"),
        ("A", "/etc/new"),
        ("A", "/work"),
        ("A", "/work/dir"),
    ]


def test_a_container_that_changed_nothing_has_no_changes_but_its_working_directory(node):
    assert changes(node, finished(node, "true")) == [("A", "/work"), ("A", "/work/dir")]


def test_files_that_the_engine_mounts_over_are_no_changes(node):
    container = finished(node, "true", network_mode="bridge")
    assert not [change for change in changes(node, container) if "/etc" in change[1]]


def test_a_renamed_directory_is_gone_from_one_place_and_whole_in_the_other(node):
    container = finished(node, "mv /data /moved")
    found = changes(node, container)
    assert ("D", "/data") in found
    assert ("A", "/moved") in found
    assert ("A", "/moved/file") in found
    exported = archive(node.stub.ExportChanges(pb.ExportChangesRequest(container=container)))
    assert exported.extractfile("moved/file").read() == b"from the image\n"
    assert ".wh.data" in exported.getnames()


def test_a_directory_made_anew_hides_what_the_image_had_in_it(node):
    container = finished(node, "rm -r /data; mkdir /data; touch /data/other")
    assert ("D", "/data/file") in changes(node, container)
    names = archive(node.stub.ExportChanges(pb.ExportChangesRequest(container=container))).getnames()
    assert "data/.wh.file" in names


def test_an_exported_layer_has_owners_modes_links_and_whiteouts(node):
    script = "echo x > /f; chmod 4711 /f; ln /f /hard; ln -s f /soft; rm /bin/ls; chmod 700 /bin/busybox"
    container = finished(node, script)
    exported = archive(node.stub.ExportChanges(pb.ExportChangesRequest(container=container)))
    assert exported.getmember("f").mode == 0o4711
    assert exported.getmember("hard").islnk()
    assert exported.getmember("hard").linkname == "f"
    assert exported.getmember("soft").linkname == "f"
    assert exported.getmember("bin/.wh.ls").size == 0
    assert exported.getmember("bin/busybox").size > 100_000


def test_the_whole_root_is_exported(node):
    container = finished(node, "echo x > /f")
    names = archive(node.stub.ExportFilesystem(pb.ExportFilesystemRequest(container=container))).getnames()
    assert {"f", "bin/busybox", "etc/passwd", "data/file"} <= set(names)


def test_what_is_copied_in_is_there_and_comes_back(node):
    container = node.create("sh", "-c", "cat /tmp/in/file")
    directory = tarfile.TarInfo("in")
    directory.type, directory.mode = tarfile.DIRTYPE, 0o750
    file = tarfile.TarInfo("in/file")
    file.mode, file.uid = 0o640, 1000
    copy_in(node, container, "/tmp", [(directory, b""), (file, b"content\n" * 1000)], keep_owner=True)
    status = node.stub.StatPath(pb.StatPathRequest(container=container, path="/tmp/in/file")).stat
    assert (status.name, status.size_bytes, status.mode & 0o7777) == ("file", 8000, 0o640)
    node.start(container)
    node.wait(container)
    assert node.text(container) == "content\n" * 1000
    back = archive(node.stub.CopyOut(pb.CopyOutRequest(container=container, path="/tmp/in")))
    assert back.getnames() == ["in", "in/file"]
    assert back.getmember("in/file").uid == 1000


def test_copies_of_a_running_container_see_its_volumes(node):
    mounts = [container_pb2.Mount(type="TYPE_TMPFS", target="/fast")]
    container = node.run("sh", "-c", "echo inside > /fast/file; sleep 1000", mounts=mounts)
    copy_in(node, container, "/fast", [(tarfile.TarInfo("other"), b"copied")])
    back = archive(node.stub.CopyOut(pb.CopyOutRequest(container=container, path="/fast/other")))
    assert back.extractfile("other").read() == b"copied"
    node.remove(container)


@pytest.mark.parametrize("start", [False, True])
def test_links_in_a_container_never_lead_a_copy_out_of_it(node, tmp_path, start):
    (tmp_path / "secret").write_text("of the host")
    script = f"ln -s {tmp_path} /leak; ln -s ../../../../../..{tmp_path} /climb; ln -s / /slash; sleep 1000"
    container = node.run("sh", "-c", script)
    while ("A", "/slash") not in changes(node, container):
        pass
    if not start:
        node.stub.KillContainer(pb.KillContainerRequest(container=container))
        node.wait(container)
    for path in ("/leak/secret", "/climb/secret", f"/slash{tmp_path}/secret", f"../../..{tmp_path}/secret"):
        with pytest.raises(grpc.RpcError) as error:
            list(node.stub.CopyOut(pb.CopyOutRequest(container=container, path=path)))
        assert error.value.code() is grpc.StatusCode.NOT_FOUND
    with pytest.raises(grpc.RpcError):
        copy_in(node, container, "/leak", [(tarfile.TarInfo("planted"), b"x")])
    copy_in(node, container, "/", [(tarfile.TarInfo("../../../../planted"), b"x")])
    assert not (tmp_path / "planted").exists()
    assert node.stub.StatPath(pb.StatPathRequest(container=container, path="/planted")).stat.size_bytes == 1
    node.remove(container)


def test_a_hostile_archive_cannot_write_through_its_own_links(node, tmp_path):
    container = node.create("true")
    link = tarfile.TarInfo("out")
    link.type, link.linkname = tarfile.SYMTYPE, str(tmp_path)
    copy_in(node, container, "/", [(link, b""), (tarfile.TarInfo("out/planted"), b"x")])
    assert list(tmp_path.iterdir()) == []
    status = node.stub.StatPath(pb.StatPathRequest(container=container, path=f"{tmp_path}/planted")).stat
    assert status.size_bytes == 1  # inside the container's root, where the link leads there


def member(name: str, type_: bytes = tarfile.REGTYPE, linkname: str = "") -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = type_, linkname
    return info, b""


@pytest.mark.parametrize(
    "members",
    [
        [member("data")],
        [member("hard", tarfile.LNKTYPE, "nothing")],
        [member("hard", tarfile.LNKTYPE, "/")],
        [member("hard", tarfile.LNKTYPE, "data")],
        [member("data/file/below")],
        [member("data/file"), member("data/file/below", tarfile.DIRTYPE)],
        [member("n" * 300)],
        [member("loop", tarfile.SYMTYPE, "loop"), member("loop/x")],
    ],
)
def test_an_archive_that_does_not_fit_what_is_there_is_refused_with_a_reason(node, members):
    container = node.create("true")
    with pytest.raises(grpc.RpcError, match="cannot be unpacked") as error:
        copy_in(node, container, "/", members)
    assert error.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert members[-1][0].name[:100] in error.value.details()


def test_every_kind_of_file_comes_back_as_it_is(node):
    script = (
        "mkdir /all; cd /all; echo x > file; ln -s file link; ln file hard; mkdir dir; mknod fifo p; mknod null c 1 3"
    )
    container = finished(node, script.replace("mknod", "busybox mknod"))
    back = archive(node.stub.CopyOut(pb.CopyOutRequest(container=container, path="/all")))
    kinds = {name.removeprefix("all/"): back.getmember(name).type for name in back.getnames()}
    assert kinds == {
        "all": tarfile.DIRTYPE,
        "dir": tarfile.DIRTYPE,
        "fifo": tarfile.FIFOTYPE,
        "file": tarfile.REGTYPE,
        "hard": tarfile.LNKTYPE,
        "link": tarfile.SYMTYPE,
        "null": tarfile.CHRTYPE,
    }
    assert back.getmember("all/link").linkname == "file"


def test_a_broken_archive_is_refused(node):
    container = node.create("true")
    header = pb.CopyInRequest(header=pb.CopyInRequest.Header(container=container, path="/"))
    with pytest.raises(grpc.RpcError) as error:
        node.stub.CopyIn(iter([header, pb.CopyInRequest(data=b"no tar" * 1000)]))
    assert error.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def volume_names(node) -> list[str]:
    return [volume.name for volume in node.stub.ListVolumes(pb.ListVolumesRequest()).volumes]


@pytest.mark.parametrize(
    "wrong",
    [
        {"mounts": [container_pb2.Mount(type="TYPE_BIND", source="/nowhere/at/all", target="/b")]},
        {"working_dir": "/etc/passwd/below"},
    ],
)
def test_a_container_that_cannot_be_made_leaves_no_volume(node, wrong):
    before = volume_names(node)
    on_disk = set((node.state_dir / "runtime" / "volumes").glob("*"))
    mounts = [container_pb2.Mount(type="TYPE_VOLUME", target="/v"), *wrong.get("mounts", ())]
    with pytest.raises(grpc.RpcError):
        node.create("true", **{**wrong, "mounts": mounts})
    assert volume_names(node) == before
    assert set((node.state_dir / "runtime" / "volumes").glob("*")) == on_disk


def test_a_volume_in_use_is_not_removed(node):
    node.stub.CreateVolume(pb.CreateVolumeRequest(name="held", labels={"a": "b"}))
    mounts = [container_pb2.Mount(type="TYPE_VOLUME", source="held", target="/v")]
    container = node.create("true", mounts=mounts)
    with pytest.raises(grpc.RpcError) as error:
        node.stub.DeleteVolume(pb.DeleteVolumeRequest(volume="held"))
    assert error.value.code() is grpc.StatusCode.ABORTED
    node.remove(container)
    node.stub.DeleteVolume(pb.DeleteVolumeRequest(volume="held"))
    assert node.stub.ListVolumes(pb.ListVolumesRequest(labels=["a=b"])).volumes == []


@pytest.mark.parametrize("path", ["/..", "..", "/bound/..", "/bound/../..", "/bound/./../", "/etc/../.."])
def test_two_dots_at_the_end_of_a_path_lead_to_the_containers_root_and_no_further(node, tmp_path, path):
    bound = tmp_path / "bound"
    bound.mkdir()
    (tmp_path / "beside").write_text("of the host")
    mounts = [container_pb2.Mount(type="TYPE_BIND", source=str(bound), target="/bound")]
    container = node.create("true", mounts=mounts)
    names = archive(node.stub.CopyOut(pb.CopyOutRequest(container=container, path=path))).getnames()
    assert "./etc/passwd" in names
    assert "./beside" not in names
    assert "./config.json" not in names
    node.remove(container)


def test_a_name_keeps_the_dot_it_ends_with(node):
    container = node.create("true")
    copy_in(node, container, "/", [(tarfile.TarInfo("foo."), b"x")])
    assert node.stub.StatPath(pb.StatPathRequest(container=container, path="/foo.")).stat.name == "foo."


@pytest.mark.parametrize("path", ["/bound", "/bound/inner", "/etc/../bound"])
def test_a_copy_does_not_write_to_a_read_only_mount_of_a_container_that_does_not_run(node, tmp_path, path):
    (tmp_path / "inner").mkdir()
    mounts = [container_pb2.Mount(type="TYPE_BIND", source=str(tmp_path), target="/bound", read_only=True)]
    container = node.create("true", mounts=mounts)
    with pytest.raises(grpc.RpcError) as error:
        copy_in(node, container, path, [(tarfile.TarInfo("planted"), b"x")])
    assert error.value.code() is grpc.StatusCode.PERMISSION_DENIED
    assert list(tmp_path.rglob("planted")) == []
    node.remove(container)


def test_a_container_that_swaps_a_directory_for_a_link_leads_no_copy_out_of_it(node, tmp_path):
    (tmp_path / "file").write_text("of the host")
    script = f"""
    mkdir -p /real /spare; echo inside > /real/file; ln -s {tmp_path} /link; echo > /ready
    while true; do mv /real /spare/real; mv /link /real; mv /real /link; mv /spare/real /real; done
    """
    container = node.run("sh", "-c", script)
    while ("A", "/ready") not in changes(node, container):
        pass
    deadline = time.monotonic() + 1.0
    seen = set()
    while time.monotonic() < deadline:
        with suppress(grpc.RpcError):
            seen.add(_content(node, container, "/real/file"))
            copy_in(node, container, "/real", [(tarfile.TarInfo("planted"), b"x"), (tarfile.TarInfo("file"), b"mine")])
    node.remove(container)
    assert seen
    assert b"of the host" not in seen
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_text() == "of the host"


def _content(node, container, path) -> bytes | None:
    copied = archive(node.stub.CopyOut(pb.CopyOutRequest(container=container, path=path)))
    file = copied.extractfile(copied.getmembers()[0])
    return file and file.read()
