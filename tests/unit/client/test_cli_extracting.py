"""Unpacking what a container packed: nothing may reach outside the directory."""

import io
import os
import tarfile
from pathlib import Path

import pytest

from strata_chassis.errors import StrataError
from strata_client.cli.extracting import extract


def archive(*members: tuple[str, dict[str, object]]) -> io.BytesIO:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, fields in members:
            info = tarfile.TarInfo(name)
            content = fields.pop("content", b"")
            assert isinstance(content, bytes)
            info.size = len(content)
            info.mode = 0o644
            for key, value in fields.items():
                setattr(info, key, value)
            tar.addfile(info, io.BytesIO(content))
    out.seek(0)
    return out


def unpack(directory: Path, *members: tuple[str, dict[str, object]], renames_first_to: str | None = None) -> list[str]:
    return extract(archive(*members), str(directory), renames_first_to=renames_first_to, keeps_owner=False)


def file(content: bytes = b"evil") -> dict[str, object]:
    return {"content": content}


def link(target: str) -> dict[str, object]:
    return {"type": tarfile.SYMTYPE, "linkname": target}


def test_files_and_directories_come_out_as_they_were(tmp_path: Path) -> None:
    unpack(
        tmp_path, ("d", {"type": tarfile.DIRTYPE, "mode": 0o500}), ("d/f", file(b"hi") | {"mode": 0o640, "mtime": 99})
    )
    assert (tmp_path / "d/f").read_bytes() == b"hi"
    assert (tmp_path / "d/f").stat().st_mode & 0o7777 == 0o640
    assert (tmp_path / "d/f").stat().st_mtime == 99
    assert (tmp_path / "d").stat().st_mode & 0o7777 == 0o500


def test_the_first_part_of_names_is_replaced(tmp_path: Path) -> None:
    unpack(tmp_path, ("etc/a", file(b"1")), renames_first_to="copy")
    assert (tmp_path / "copy/a").read_bytes() == b"1"


def test_the_first_part_of_names_is_taken_away(tmp_path: Path) -> None:
    unpack(tmp_path, ("etc/a", file(b"1")), renames_first_to="")
    assert (tmp_path / "a").read_bytes() == b"1"


@pytest.mark.parametrize("name", ["../evil", "a/../../evil", "/../evil"])
def test_names_that_climb_out_are_refused(tmp_path: Path, name: str) -> None:
    inside = tmp_path / "in"
    inside.mkdir()
    with pytest.raises(StrataError, match="leads outside"):
        unpack(inside, (name, file()))
    assert not (tmp_path / "evil").exists()


def test_absolute_names_stay_inside(tmp_path: Path) -> None:
    unpack(tmp_path, ("/etc/evil", file()))
    assert (tmp_path / "etc/evil").exists()


@pytest.mark.parametrize("target", ["/", "..", "../..", "/tmp"])
def test_links_are_made_and_never_followed(tmp_path: Path, target: str) -> None:
    inside = tmp_path / "in"
    inside.mkdir()
    with pytest.raises(StrataError, match="no directory here"):
        unpack(inside, ("l", link(target)), ("l/evil", file()))
    assert os.readlink(inside / "l") == target  # noqa: PTH115
    assert not (tmp_path / "evil").exists()


def test_a_link_in_the_way_is_replaced_and_not_written_through(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("safe")
    inside = tmp_path / "in"
    inside.mkdir()
    (inside / "f").symlink_to(victim)
    unpack(inside, ("f", file()))
    assert victim.read_text() == "safe"
    assert (inside / "f").read_bytes() == b"evil"


def test_hard_links_reach_only_what_is_inside(tmp_path: Path) -> None:
    inside = tmp_path / "in"
    inside.mkdir()
    (tmp_path / "secret").write_text("secret")
    with pytest.raises((StrataError, OSError)):
        unpack(inside, ("h", {"type": tarfile.LNKTYPE, "linkname": "../secret"}))
    with pytest.raises((StrataError, OSError)):
        unpack(inside, ("l", link("..")), ("h", {"type": tarfile.LNKTYPE, "linkname": "l/secret"}))


def test_set_id_bits_and_devices_stay_behind(tmp_path: Path) -> None:
    left_out = unpack(tmp_path, ("su", file() | {"mode": 0o4755}), ("disk", {"type": tarfile.BLKTYPE}))
    assert (tmp_path / "su").stat().st_mode & 0o7000 == 0
    assert left_out == ["disk"]


def test_a_file_does_not_replace_a_directory(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    with pytest.raises(StrataError, match="is a directory here"):
        unpack(tmp_path, ("d", file()))


def test_a_damaged_archive_is_said_in_one_sentence(tmp_path: Path) -> None:
    broken = io.BytesIO(archive(("a", file(bytes(5000)))).getvalue()[:2000])
    with pytest.raises(StrataError, match="damaged"):
        extract(broken, str(tmp_path), renames_first_to=None, keeps_owner=False)
