"""Limits that a user sets are the kernel's limits."""

from __future__ import annotations

from tests.fixtures.cgroups import cgroup_file
from tests.fixtures.suite import Suite

MIB = 1 << 20


def test_memory_cpu_and_pids_limits_reach_the_kernel(suite: Suite, tiny: str) -> None:
    limits = ["--memory", "64m", "--cpus", "0.5", "--pids-limit", "20"]
    suite.strata("run", "-d", "--name", "limited", *limits, tiny, "sleep", "1000")
    pid = suite.inspect("limited")["State"]["Pid"]
    assert _limit(pid, "memory", "memory.limit_in_bytes", "memory.max") == [str(64 * MIB)]
    assert _limit(pid, "pids", "pids.max", "pids.max") == ["20"]
    quota = _limit(pid, "cpu", "cpu.cfs_quota_us", "cpu.max")
    assert quota in (["50000"], ["50000", "100000"])


def test_a_container_that_wants_too_much_memory_is_killed_alone(suite: Suite, tiny: str) -> None:
    suite.strata("run", "-d", "--name", "neighbour", tiny, "sleep", "1000")
    greedy = ["sh", "-c", "head -c 300m /dev/zero | tail"]
    result = suite.attempt("run", "--name", "greedy", "--memory", "32m", "--network", "none", tiny, *greedy)
    assert result.status in (1, 137), result
    assert suite.inspect("neighbour")["State"]["Running"]


def test_the_main_process_killed_for_memory_ends_with_137_and_says_so(suite: Suite, tiny: str) -> None:
    greedy = ["tail", "/dev/zero"]
    assert suite.attempt("run", "--name", "greedy", "--memory", "32m", tiny, *greedy).status == 137
    assert suite.inspect("greedy")["State"]["OOMKilled"]


def test_a_container_cannot_make_more_processes_than_allowed(suite: Suite, tiny: str) -> None:
    script = "for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 5 & done 2>&1; echo done"
    assert "fork" in suite.attempt("run", "--rm", "--pids-limit", "8", tiny, "sh", "-c", script).stdout


def _limit(pid: int, controller: str, v1: str, v2: str) -> list[str]:
    return cgroup_file(pid, controller, v1, v2).read_text().split()
