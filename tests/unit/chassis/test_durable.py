import os
import stat

import pytest

from strata_chassis import durable
from strata_chassis.errors import AlreadyExists


def test_a_file_is_replaced_as_a_whole(tmp_path):
    path = tmp_path / "record"
    durable.write_atomic(path, b"old")
    durable.write_atomic(path, b"new", mode=0o600)
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["record"]


def test_a_write_that_fails_leaves_the_old_bytes_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "record"
    durable.write_atomic(path, b"old")
    monkeypatch.setattr(os, "fsync", _no_space)
    with pytest.raises(OSError, match="No space"):
        durable.write_atomic(path, b"new")
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["record"]


def _no_space(_):
    raise OSError(28, "No space left on device")


def test_what_a_killed_write_left_is_removed_at_start(tmp_path):
    (tmp_path / ".scratch-1-abc").write_bytes(b"half")
    (tmp_path / "record").write_bytes(b"whole")
    assert durable.remove_scratch(tmp_path) == [tmp_path / ".scratch-1-abc"]
    assert [entry.name for entry in tmp_path.iterdir()] == ["record"]


def test_a_directory_appears_with_all_its_files(tmp_path):
    staged = tmp_path / "staged"
    (staged / "inner").mkdir(parents=True)
    (staged / "inner" / "file").write_bytes(b"x")
    (staged / "dangling").symlink_to("nowhere")
    durable.commit_dir(staged, tmp_path / "final")
    assert (tmp_path / "final" / "inner" / "file").read_bytes() == b"x"
    assert not staged.exists()


def test_a_directory_is_committed_once(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    durable.commit_dir(tmp_path / "one", tmp_path / "final")
    with pytest.raises(AlreadyExists):
        durable.commit_dir(tmp_path / "two", tmp_path / "final")
    assert (tmp_path / "final" / "file").read_text() == "one"
    assert (tmp_path / "two").exists()
