"""What is left and what is in use: history, logs of a span, disk use, pruning, limits that change."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fixtures.suite import Suite


@pytest.fixture
def talk(suite: Suite, tiny: str) -> str:
    """Name of a container that has said three lines, the last one a second after the first two."""
    suite.strata("run", "--name", "talk", tiny, "sh", "-c", "echo one; echo two; sleep 1.1; echo three")
    return "talk"


def test_logs_begin_where_they_are_asked_to(suite: Suite, talk: str) -> None:
    stamps = [line.split()[0] for line in suite.strata("logs", "-t", talk).lines]
    assert stamps == sorted(stamps)
    assert suite.strata("logs", "--since", stamps[2], talk).lines == ["three"]
    assert suite.strata("logs", "--since", "1h", talk).lines == ["one", "two", "three"]


def test_logs_end_where_they_are_asked_to(suite: Suite, talk: str) -> None:
    last = suite.strata("logs", "-t", "--tail", "1", talk).stdout.split()[0]
    before = f"{last[:19]}Z"  # the whole second of the last line, which the others are older than
    assert suite.strata("logs", "--until", before, talk).lines == ["one", "two"]


@pytest.mark.parametrize(
    ("lines", "shown"), [("0", []), ("2", ["two", "three"]), ("9", ["one", "two", "three"])], ids=["0", "2", "9"]
)
def test_the_tail_of_logs_has_as_many_lines_as_asked_for(suite: Suite, talk: str, lines: str, shown: list[str]) -> None:
    assert suite.strata("logs", "--tail", lines, talk).lines == shown


def test_history_tells_each_step_from_the_newest_on(suite: Suite, tiny: str, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(f"FROM {tiny}\nENV A=b\nRUN echo made > /made\n")
    suite.strata("build", "-q", "-t", "told:1", str(tmp_path))
    try:
        steps = suite.strata("history", "--no-trunc", "--format", "{{.CreatedBy}}", "told:1").lines
        assert "echo made > /made" in steps[0]
        assert "ENV A=b" in steps[1]
        assert len(suite.strata("history", "told:1").lines) == len(steps) + 1
    finally:
        suite.strata("rmi", "-f", "told:1")


def test_disk_use_names_images_containers_and_volumes(suite: Suite, tiny: str) -> None:
    suite.strata("run", "--name", "writer", "-v", "kept:/v", tiny, "sh", "-c", "echo x > /x")
    try:
        shown = suite.strata("system", "df", "-v").stdout
        assert all(name in shown for name in ("writer", "kept", tiny.rpartition(":")[0]))
    finally:
        suite.remove_all_containers()
        suite.strata("volume", "rm", "kept")


def test_a_prune_of_volumes_spares_what_has_a_name_or_a_user(suite: Suite, tiny: str) -> None:
    suite.strata("volume", "create", "named")
    suite.strata("run", "-d", "--name", "user", "-v", "/anonymous", tiny, "sleep", "1000")
    used = suite.inspect("user")["Mounts"][0]["Name"]
    suite.strata("run", "--name", "gone", "-v", "/anonymous", tiny, "true")
    unused = suite.inspect("gone")["Mounts"][0]["Name"]
    suite.strata("rm", "gone")
    suite.strata("volume", "prune", "-f")
    left = suite.strata("volume", "ls", "-q").lines
    assert ("named" in left, used in left, unused in left) == (True, True, False)
    suite.remove_all_containers()
    suite.strata("volume", "rm", "named", used)


def test_a_prune_of_networks_spares_what_is_used(suite: Suite, tiny: str) -> None:
    for network in ("idle", "busy"):
        suite.strata("network", "create", network)
    suite.strata("run", "-d", "--name", "user", "--network", "busy", tiny, "sleep", "1000")
    suite.strata("network", "prune", "-f")
    names = suite.strata("network", "ls", "--format", "{{.Name}}").lines
    assert ("busy" in names, "idle" in names) == (True, False)
    suite.remove_all_containers()
    suite.strata("network", "rm", "busy")


def test_limits_change_while_a_container_runs(suite: Suite, tiny: str) -> None:
    suite.strata("run", "-d", "--name", "box", "-m", "64m", tiny, "sleep", "1000")
    suite.strata("update", "-m", "128m", "--pids-limit", "50", "--restart", "on-failure:3", "box")
    host = suite.inspect("box")["HostConfig"]
    assert (host["Memory"], host["PidsLimit"]) == (128 << 20, 50)
    assert host["RestartPolicy"] == {"Name": "on-failure", "MaximumRetryCount": 3}


def test_a_limit_that_cannot_be_leaves_the_old_one(suite: Suite, tiny: str) -> None:
    suite.strata("run", "-d", "--name", "box", "-m", "64m", tiny, "sleep", "1000")
    assert suite.attempt("update", "-m", "1", "box").status != 0
    assert suite.inspect("box")["HostConfig"]["Memory"] == 64 << 20
