"""The main job on real Debian images: pull, list, run, exec, and changes that stay where they were made."""

from __future__ import annotations

import platform
import subprocess
from pathlib import Path

import pytest

from tests.fixtures.docker_registry import LocalRegistry
from tests.fixtures.images.layout import Layout
from tests.fixtures.suite import Suite

LIST_TREE = r"""cd /; export LC_ALL=C
find . -path ./proc -prune -o -path ./sys -prune -o -path ./dev -prune -o -path ./etc/hosts -o -path ./etc/hostname \
    -o -path ./etc/resolv.conf -o -type d -printf '%p %y %m %U %G\n' \
    -o -printf '%p %y %m %U %G %s %n %l %T@\n' | sort
find bin etc lib sbin usr var -xdev -type f ! -path etc/hosts ! -path etc/hostname ! -path etc/resolv.conf -print0 |
    sort -z | xargs -0 sha256sum"""
"""Every file of an image but those the engine puts there: kind, mode, owner, size, links, time, bytes."""

RELEASES = {"debian:bullseye": "11", "debian:bookworm": "12", "debian:trixie": "13"}


@pytest.fixture(scope="module")
def releases(session_suite: Suite, registry: LocalRegistry, debian: Layout) -> dict[str, str]:
    """The pulled releases: version by reference."""
    assert set(RELEASES) <= set(debian.names())
    pulled = {registry.reference(name): version for name, version in RELEASES.items()}
    for reference in pulled:
        session_suite.strata("pull", reference)
    return pulled


def test_images_lists_what_was_pulled(suite: Suite, releases: dict[str, str]) -> None:
    listed = suite.strata("images").stdout
    for reference in releases:
        repository, _, tag = reference.rpartition(":")
        assert any(line.split()[:2] == [repository, tag] for line in listed.splitlines()), listed


def test_each_release_runs_its_own_userland_on_the_same_kernel(suite: Suite, releases: dict[str, str]) -> None:
    script = '. /etc/os-release; echo "$VERSION_ID $(uname -r)"'
    seen = {reference: suite.run(reference, "sh", "-c", script).split() for reference in releases}
    assert seen == {reference: [version, platform.release()] for reference, version in releases.items()}


def test_the_package_of_the_second_layer_works(suite: Suite, releases: dict[str, str]) -> None:
    for reference in releases:
        assert suite.run(reference, "ps", "-o", "pid,args").split() == ["PID", "COMMAND", "1", "ps", "-o", "pid,args"]


def test_what_the_second_layer_removed_is_gone(suite: Suite, releases: dict[str, str]) -> None:
    reference = next(iter(releases))
    assert suite.run(reference, "ls", "/usr/share/doc", "/usr/share/man").split() == [
        "/usr/share/doc:",
        "/usr/share/man:",
    ]


def test_exec_joins_a_running_container(suite: Suite, releases: dict[str, str]) -> None:
    reference = next(iter(releases))
    suite.strata("run", "--detach", "--name", "joined", reference, "sleep", "1000")
    assert "sleep 1000" in suite.strata("exec", "joined", "ps", "-o", "args").stdout


def test_a_change_is_seen_by_nobody_else(suite: Suite, releases: dict[str, str]) -> None:
    reference = next(iter(releases))
    for name in ("changed", "sibling"):
        suite.strata("run", "--detach", "--name", name, reference, "sleep", "1000")
    suite.strata("exec", "changed", "sh", "-c", "echo mine > /etc/motd; rm /etc/debian_version; chmod 600 /etc/fstab")
    assert suite.strata("exec", "changed", "cat", "/etc/motd").stdout == "mine\n"
    look = "cat /etc/motd 2>&1; cat /etc/debian_version; stat -c %a /etc/fstab 2>&1"
    of_sibling = suite.strata("exec", "sibling", "sh", "-c", look).stdout
    of_image = suite.run(reference, "sh", "-c", look)
    assert of_sibling == of_image
    assert "mine" not in of_image


def test_diff_names_what_changed(suite: Suite, releases: dict[str, str]) -> None:
    reference = next(iter(releases))
    suite.strata(
        "run",
        "--name",
        "edited",
        reference,
        "sh",
        "-c",
        "rm /etc/debian_version; echo x > /etc/new; echo >> /etc/passwd",
    )
    assert set(suite.strata("diff", "edited").lines) == {
        "C /etc",
        "D /etc/debian_version",
        "A /etc/new",
        "C /etc/passwd",
    }


def test_every_file_is_what_another_engine_unpacks(
    suite: Suite, releases: dict[str, str], debian: Layout, tmp_path: Path
) -> None:
    reference = next(iter(releases))
    unpacked = umoci_unpack(debian, "debian:bullseye", tmp_path)
    in_container = suite.run(reference, "sh", "-c", LIST_TREE).splitlines()
    assert in_container == _output("sh", "-c", f"cd {unpacked} && {LIST_TREE.replace('cd /; ', '')}").splitlines()
    assert len(in_container) > 5000


def umoci_unpack(layout: Layout, name: str, folder: Path) -> Path:
    """The root file system of an image as umoci unpacks it."""
    _output("skopeo", "copy", "--quiet", f"oci:{layout.root}:{name}", f"oci:{folder}/oci:image")
    _output("umoci", "unpack", "--image", f"{folder}/oci:image", f"{folder}/bundle")
    return folder / "bundle" / "rootfs"


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
