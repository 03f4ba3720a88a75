"""The cgroup2 mount's options: read from mountinfo, and set without losing any."""

import os
from pathlib import Path

import pytest

from strata_runtime.launcher import cgroup_moves

BESIDE_V1 = (
    "40 39 0:35 / /sys/fs/cgroup/unified rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot\n"
)


def test_the_mount_is_found_with_the_options_of_its_superblock() -> None:
    other = "39 1 0:30 / /sys/fs/cgroup ro,nosuid - tmpfs tmpfs ro,mode=755\n"
    found = cgroup_moves.cgroup2_mount(other + BESIDE_V1)
    assert found == ("/sys/fs/cgroup/unified", ("nsdelegate", "memory_recursiveprot"))


def test_a_host_without_cgroup2_has_none() -> None:
    assert cgroup_moves.cgroup2_mount("39 1 0:30 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n") is None


def test_the_switch_leaves_the_host_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cgroup_moves.SWITCH, "no")
    assert not cgroup_moves.favour()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_the_option_is_set_and_the_others_stay() -> None:
    mountinfo = Path("/proc/self/mountinfo")
    before = cgroup_moves.cgroup2_mount(mountinfo.read_text())
    if before is None:
        pytest.skip("this host has no cgroup2 mount")
    if not cgroup_moves.favour():
        pytest.skip("this kernel knows no favordynmods")
    after = cgroup_moves.cgroup2_mount(mountinfo.read_text())
    assert after == (before[0], tuple(dict.fromkeys((*before[1], cgroup_moves.OPTION))))
