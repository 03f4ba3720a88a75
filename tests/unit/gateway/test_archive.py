"""Archives of images."""

import io
import json
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strata_gateway.core.archive.layout import (
    ArchiveError,
    SavedImage,
    archived_images,
    blob_name,
    digest_of,
    documents,
    manifest_of,
)
from strata_gateway.core.archive.tar_writing import END, header, padding, small_file

LAYER = b"layer"
CONFIG = json.dumps({"rootfs": {"diff_ids": [digest_of(LAYER)]}}).encode()
IMAGE = SavedImage(CONFIG, ["docker.io/library/x:1"], [(digest_of(LAYER), len(LAYER))])


def saved(*images):
    return dict(documents(images, lambda name: name.removeprefix("docker.io/library/")))


def test_what_was_saved_is_found_by_docker_and_by_oci_tools():
    members = saved(IMAGE)
    for left_out in ("index.json", "manifest.json"):
        rest = {name: content for name, content in members.items() if name != left_out}
        (found,) = archived_images(rest.__getitem__)
        assert found.config == CONFIG
        assert found.layers == (blob_name(digest_of(LAYER)),)
        assert found.names[0].endswith("x:1")


def test_equal_images_make_equal_archives():
    assert saved(IMAGE) == saved(IMAGE)


def test_an_image_without_a_name_is_found_too():
    (found,) = archived_images(saved(SavedImage(CONFIG, [], IMAGE.layers)).__getitem__)
    assert found.names == ()


def test_a_nested_index_is_followed():
    members = saved(IMAGE)
    members.pop("manifest.json")
    inner = members["index.json"]
    members[blob_name(digest_of(inner))] = inner
    members["index.json"] = json.dumps({"manifests": [{"digest": digest_of(inner)}]}).encode()
    assert len(archived_images(members.__getitem__)) == 1


def test_an_index_that_holds_itself_ends():
    members = {"index.json": b""}
    inner = json.dumps({"manifests": []}).encode()
    for _ in range(10):
        members[blob_name(digest_of(inner))] = inner
        inner = json.dumps({"manifests": [{"digest": digest_of(inner)}]}).encode()
    members["index.json"] = inner
    with pytest.raises(ArchiveError, match="nested"):
        archived_images(members.__getitem__)


def test_a_blob_that_is_not_what_its_name_says_is_refused():
    members = saved(IMAGE)
    members.pop("manifest.json")
    members[blob_name(digest_of(manifest_of(IMAGE)))] = b"{}"
    with pytest.raises(ArchiveError, match="digest"):
        archived_images(members.__getitem__)


@given(st.dictionaries(st.sampled_from(["manifest.json", "index.json"]), st.binary() | st.just(b"[{}]"), max_size=2))
def test_no_document_breaks_the_reader(members):
    try:
        archived_images(members.__getitem__)
    except ArchiveError:
        return


def test_members_are_a_tar_that_others_read():
    data = small_file("a/b", b"x" * 513) + header("c", 3) + b"yyy" + padding(3) + END
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        assert {member.name: archive.extractfile(member).read() for member in archive} == {
            "a/b": b"x" * 513,
            "c": b"yyy",
        }
