"""The files for a container's /etc: the container can write to them, as much as it likes."""

import os
from pathlib import Path

import pytest

from strata_runtime.adapters.network.attachment_files import AttachmentFiles
from strata_runtime.adapters.network.etc import rewrite_resolv_conf
from strata_runtime.core.network.etcfiles import resolv_conf
from strata_runtime.core.network.spec import Attachment, NetworkMode, Resolver

RESOLVER = Resolver(("192.0.2.1",))


@pytest.fixture
def files(tmp_path: Path) -> AttachmentFiles:
    return AttachmentFiles(tmp_path / "run", tmp_path / "state", "this boot")


@pytest.fixture
def attachment(files: AttachmentFiles) -> Attachment:
    etc = files.write_etc("c", resolv_conf(RESOLVER), "127.0.0.1 localhost\n", "c\n")
    made = Attachment("c", NetworkMode.BRIDGE, "", etc, resolver=RESOLVER)
    files.record(made)
    return made


def test_what_a_container_can_fill_is_not_in_the_hosts_memory(attachment, tmp_path):
    places = {Path(path).parent for path in (attachment.files.resolv_conf, attachment.files.hosts)}
    assert places == {tmp_path / "state" / "c"}
    assert [path.name for path in (tmp_path / "run" / "c").iterdir()] == ["attachment.json"]


def test_nothing_is_left_of_a_forgotten_attachment(files, attachment, tmp_path):
    files.forget(attachment.container_id)
    assert [*(tmp_path / "run").iterdir(), *(tmp_path / "state").iterdir()] == []


def test_files_of_an_attachment_of_another_boot_are_removed(attachment, tmp_path):
    (tmp_path / "state" / "nobody").mkdir()
    assert list(AttachmentFiles(tmp_path / "run", tmp_path / "state", "this boot").recorded()) == [attachment]
    assert [path.name for path in (tmp_path / "state").iterdir()] == ["c"]
    assert list(AttachmentFiles(tmp_path / "run", tmp_path / "state", "another").recorded()) == []
    assert list((tmp_path / "state").iterdir()) == []


def test_a_resolv_conf_of_any_size_is_left_to_its_container(attachment):
    os.truncate(attachment.files.resolv_conf, 100 << 30)
    rewrite_resolv_conf(attachment, is_embedded=True)
    assert Path(attachment.files.resolv_conf).stat().st_size == 100 << 30


def test_a_resolv_conf_of_ours_is_rewritten(attachment):
    rewrite_resolv_conf(attachment, is_embedded=True)
    assert "127.0.0.11" in Path(attachment.files.resolv_conf).read_text()
