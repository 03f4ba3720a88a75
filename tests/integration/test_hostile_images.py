"""Images and containers that try to get out: what they reach is always inside their own root."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.docker_registry import LocalRegistry
from tests.fixtures.images.catalogue import build_tiny
from tests.fixtures.images.debian import image_config
from tests.fixtures.images.tiny import TarWriter, add_layer, busybox_tar
from tests.fixtures.suite import Suite


@pytest.fixture
def victim(tmp_path: Path) -> Iterator[Path]:
    """A folder on the host that nobody in a container may see or change."""
    folder = tmp_path / "victim"
    folder.mkdir()
    (folder / "secret").write_text("host only")
    yield folder
    assert {path.name: path.read_text() for path in folder.iterdir()} == {"secret": "host only"}


@pytest.fixture
def make_image(suite: Suite, registry: LocalRegistry):
    """Push an image with one more layer, pull it, and give its reference."""
    layout = build_tiny()

    def make(name: str, tar: TarWriter, **config: object) -> str:
        reference = registry.reference(f"hostile:{name}")
        layers = [add_layer(layout, busybox_tar("Hostile")), add_layer(layout, tar.close())]
        described = image_config(("sh",), comment=name)
        described["config"] |= config
        registry.pusher().push(layout, f"hostile:{name}", layout.add_image(described, layers))
        suite.strata("pull", reference)
        return reference

    return make


def test_names_that_climb_stay_inside(suite: Suite, make_image, victim: Path) -> None:
    climb = "../" * 12
    tar = TarWriter().file(f"{climb}{victim}/climbed", b"x").file(f"/{victim}/absolute", b"x")
    reference = make_image("climb", tar.symlink("way-out", str(victim)).file("way-out/through-the-link", b"x"))
    assert suite.run(reference, "sh", "-c", f"ls {victim}").split() == ["absolute", "climbed", "through-the-link"]


def test_a_link_for_a_working_directory_leads_nowhere_outside(suite: Suite, make_image, victim: Path) -> None:
    reference = make_image("workdir", TarWriter().symlink("work", str(victim)), WorkingDir="/work/made")
    assert suite.run(reference, "sh", "-c", "pwd -P; touch here").strip().startswith("/")


def test_a_link_for_a_volume_leads_nowhere_outside(suite: Suite, make_image, victim: Path) -> None:
    reference = make_image("volume", TarWriter().symlink("data", str(victim)), Volumes={"/data": {}})
    suite.run(reference, "touch", "/data/from-inside")


def test_a_link_for_a_bind_mounts_target_leads_nowhere_outside(
    suite: Suite, make_image, victim: Path, tmp_path: Path
) -> None:
    (tmp_path / "bound").mkdir()
    reference = make_image("bind", TarWriter().symlink("target", str(victim)))
    suite.attempt("run", "--rm", "-v", f"{tmp_path}/bound:/target", reference, "touch", "/target/inside")


@pytest.mark.parametrize("name", ["dev", "proc", "sys", "etc/hosts", "etc/resolv.conf", "etc/passwd"])
def test_a_link_in_the_place_of_what_the_engine_uses_leads_nowhere_outside(
    suite: Suite, make_image, victim: Path, name: str
) -> None:
    reference = make_image(f"link-{name.replace('/', '-')}", TarWriter().symlink(name, str(victim / "secret")))
    result = suite.attempt("run", "--rm", reference, "sh", "-c", "cat /etc/passwd /etc/hosts 2>&1; echo x > /etc/hosts")
    assert "host only" not in result.stdout


def test_a_process_inherits_no_descriptor_of_the_engine(suite: Suite, tiny: str) -> None:
    assert suite.run(tiny, "sh", "-c", "ls /proc/self/fd | wc -l").strip() == "4"  # 0, 1, 2 and ls's own
    suite.strata("run", "-d", "--name", "holder", tiny, "sleep", "1000")
    assert suite.strata("exec", "holder", "sh", "-c", "ls /proc/self/fd | wc -l").stdout.strip() == "4"


def test_the_host_is_out_of_reach_of_root_in_a_container(suite: Suite, tiny: str) -> None:
    script = """
    mount -t proc proc /mnt 2>/dev/null && echo mounted
    mknod /tmp/disk b 254 0 2>/dev/null && cat /tmp/disk >/dev/null 2>&1 && echo read-disk
    echo 1 > /proc/sys/kernel/panic 2>/dev/null && echo wrote-sysctl
    echo b > /proc/sysrq-trigger 2>/dev/null && echo sysrq
    cat /proc/kcore >/dev/null 2>&1 && [ -s /proc/kcore ] && echo kcore
    mkdir /sys/fs/cgroup/memory/mine 2>/dev/null && echo made-cgroup
    nsenter -t 1 -m true 2>/dev/null && echo entered
    chroot /proc/1/root true 2>/dev/null; hostname changed 2>/dev/null && echo renamed
    insmod /bin/busybox 2>/dev/null && echo loaded
    true
    """
    assert suite.run(tiny, "sh", "-c", script) == ""


def test_pids_and_networks_of_others_are_not_seen(suite: Suite, tiny: str) -> None:
    suite.strata("run", "-d", "--name", "other", tiny, "sleep", "1234")
    assert "1234" not in suite.run(tiny, "ps", "-o", "args")
