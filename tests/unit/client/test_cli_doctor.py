"""What strata doctor says about hosts of all kinds."""

from pathlib import Path
from typing import Any

import pytest

from strata_client.cli.doctor.checks import FAILURE, GOOD, WARNING, findings
from strata_client.cli.doctor.facts import Facts, Folder, read_facts

GIB = 2**30
FOLDER = Folder("/var/lib/strata", "ext4", 100 * GIB, 900, 1000, is_reachable=True)
GOOD_HOST = Facts(
    is_root=True,
    kernel=(6, 18),
    kernel_release="6.18.44",
    filesystems=frozenset({"overlay", "erofs"}),
    modules_dir=True,
    cgroup_version="v2",
    controllers=frozenset({"cpu", "memory", "pids", "io"}),
    namespaces=frozenset({"cgroup", "ipc", "mnt", "net", "pid", "uts", "user"}),
    has_seccomp=True,
    has_loop=True,
    forwards_ipv4=True,
    programs={"crun": "/usr/bin/crun", "runc": "", "nft": "/usr/sbin/nft"},
    has_account=True,
    nofile_limit=2**20,
    memory_bytes=8 * GIB,
    state=FOLDER,
    run=FOLDER._replace(filesystem="tmpfs"),
)


def verdicts(**changes: Any) -> dict[str, str]:
    """Sentences that are not good, with their verdicts."""
    found = findings(GOOD_HOST._replace(**changes))
    return {finding.sentence: finding.verdict for finding in found if finding.verdict != GOOD}


def test_a_good_host_has_nothing_to_mend() -> None:
    assert verdicts() == {}


@pytest.mark.parametrize(
    ("changes", "word", "verdict"),
    [
        ({"kernel": (5, 10)}, "cannot mount", FAILURE),
        ({"kernel": (6, 1)}, "stacked", WARNING),
        ({"kernel": (6, 9)}, "loop devices", WARNING),
        ({"kernel": (6, 1), "has_loop": False}, "no loop devices", FAILURE),
        ({"filesystems": frozenset({"overlay"})}, "erofs is not loaded", WARNING),
        ({"filesystems": frozenset({"erofs"}), "modules_dir": False}, "no overlay", FAILURE),
        ({"namespaces": frozenset({"mnt"})}, "no namespaces for cgroup, ipc", FAILURE),
        ({"has_seccomp": False}, "no seccomp", FAILURE),
        ({"cgroup_version": ""}, "no cgroups", FAILURE),
        ({"cgroup_version": "v1"}, "old hierarchy", WARNING),
        ({"controllers": frozenset({"cpu", "pids"})}, "limits of memory", WARNING),
        ({"programs": {"crun": "", "runc": "", "nft": "x"}}, "no OCI runtime", FAILURE),
        ({"programs": {"crun": "", "runc": "x", "nft": "x"}}, "three times", WARNING),
        ({"programs": {"crun": "x", "runc": "", "nft": ""}}, "no nft", FAILURE),
        ({"forwards_ipv4": False}, "not forwarded", WARNING),
        ({"is_root": False}, "not root", WARNING),
        ({"nofile_limit": 1024}, "1024 files", WARNING),
        ({"state": FOLDER._replace(free_bytes=GIB // 2)}, "left", FAILURE),
        ({"state": FOLDER._replace(free_bytes=5 * GIB)}, "left", WARNING),
        ({"state": FOLDER._replace(free_inodes=1)}, "inodes", WARNING),
        ({"state": FOLDER._replace(filesystem="overlay")}, "upper layer", FAILURE),
        ({"state": FOLDER._replace(filesystem="nfs")}, "was not tried", WARNING),
        ({"state": FOLDER._replace(is_reachable=False)}, "cannot be entered", FAILURE),
        ({"run": FOLDER}, "is on ext4", WARNING),
    ],
)
def test_what_is_wrong_is_said(changes: dict[str, Any], word: str, verdict: str) -> None:
    assert verdict in {found for sentence, found in verdicts(**changes).items() if word in sentence}


def test_everything_that_is_not_good_comes_with_a_remedy() -> None:
    bad = GOOD_HOST._replace(
        is_root=False,
        kernel=(5, 4),
        cgroup_version="v1",
        controllers=frozenset(),
        programs=dict.fromkeys(GOOD_HOST.programs, ""),
    )
    assert all(finding.remedy for finding in findings(bad) if finding.verdict != GOOD)


def test_this_host_can_be_read(tmp_path: Path) -> None:
    facts = read_facts(Path("/"), tmp_path / "not/yet/there", tmp_path)
    assert facts.kernel > (4, 0)
    assert facts.state.path == str(tmp_path)
    assert facts.memory_bytes > 0
    assert facts.cgroup_version in {"v1", "v2", "hybrid"}


def test_a_host_of_cgroup_v2_is_recognised(tmp_path: Path) -> None:
    (tmp_path / "sys/fs/cgroup").mkdir(parents=True)
    (tmp_path / "sys/fs/cgroup/cgroup.controllers").write_text("cpu memory pids\n")
    facts = read_facts(tmp_path, tmp_path, tmp_path)
    assert (facts.cgroup_version, facts.controllers) == ("v2", {"cpu", "memory", "pids"})
