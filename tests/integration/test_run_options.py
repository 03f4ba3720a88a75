"""What ``run`` can be told, and what it takes from the image's config when it is told nothing."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.fixtures.docker_registry import LocalRegistry
from tests.fixtures.suite import Suite

DOCKERS_CAPABILITIES = 0x00000000A80425FB
"""CapEff of a container that docker starts without options."""


@pytest.fixture(scope="module")
def app(session_suite: Suite, registry: LocalRegistry) -> str:
    """An image that uses every field of a config."""
    session_suite.strata("pull", registry.reference("tiny:app"))
    return registry.reference("tiny:app")


def test_the_images_config_is_what_runs(suite: Suite, app: str) -> None:
    assert suite.run(app) == "hello app /home/app default\n"


def test_a_command_replaces_cmd_and_keeps_the_entrypoint(suite: Suite, app: str) -> None:
    assert suite.run(app, "given") == "hello app /home/app given\n"


def test_entrypoint_user_environment_and_folder_can_be_replaced(suite: Suite, app: str) -> None:
    options = ["--entrypoint", "/bin/sh", "-u", "0", "-e", "GREETING=bye", "-w", "/var"]
    assert suite.run(*options, app, "-c", "echo $GREETING $(id -un) $(pwd)") == "bye root /var\n"


def test_the_images_group_is_taken_by_name(suite: Suite, app: str) -> None:
    assert suite.run("--entrypoint", "id", app, "-gn") == "video\n"


@pytest.mark.parametrize("runtime", ["crun", "runc"])
def test_either_oci_runtime_does(suite: Suite, tiny: str, runtime: str) -> None:
    assert suite.run("--runtime", runtime, tiny, "echo", "ran") == "ran\n"
    suite.strata("run", "-d", "--name", "either", "--runtime", runtime, tiny, "sleep", "1000")
    assert suite.strata("exec", "either", "echo", "entered").stdout == "entered\n"
    suite.strata("rm", "-f", "either")


def test_a_bind_mount_shows_the_hosts_folder(suite: Suite, tiny: str, tmp_path: Path) -> None:
    (tmp_path / "from-host").write_text("host\n")
    assert suite.run("-v", f"{tmp_path}:/mnt/host", tiny, "cat", "/mnt/host/from-host") == "host\n"
    assert suite.attempt("run", "--rm", "-v", f"{tmp_path}:/mnt/host:ro", tiny, "touch", "/mnt/host/x").status == 1


def test_a_named_volume_outlives_its_container(suite: Suite, tiny: str) -> None:
    suite.run("-v", "keeps:/data", tiny, "sh", "-c", "echo kept > /data/file")
    assert suite.run("-v", "keeps:/data", tiny, "cat", "/data/file") == "kept\n"


def test_what_a_container_may_do_is_what_docker_allows(suite: Suite, tiny: str) -> None:
    status = _status(suite.run(tiny, "cat", "/proc/self/status"))
    assert int(status["CapEff"], 16) == DOCKERS_CAPABILITIES
    assert int(status["CapBnd"], 16) == DOCKERS_CAPABILITIES
    assert status["Seccomp"] == "2"
    assert status["NoNewPrivs"] == "0"


def test_capabilities_can_be_taken_and_given(suite: Suite, tiny: str) -> None:
    options = ["--cap-drop", "ALL", "--cap-add", "NET_ADMIN", "--security-opt", "no-new-privileges"]
    status = _status(suite.run(*options, tiny, "cat", "/proc/self/status"))
    assert int(status["CapEff"], 16) == 1 << 12
    assert status["NoNewPrivs"] == "1"


def test_an_unprivileged_user_has_no_capabilities(suite: Suite, tiny: str) -> None:
    status = _status(suite.run("-u", "app", tiny, "cat", "/proc/self/status"))
    assert (int(status["CapEff"], 16), status["Uid"].split()[0]) == (0, "1000")


def test_proc_and_sys_are_masked_and_read_only(suite: Suite, tiny: str) -> None:
    script = "cat /proc/kcore /proc/keys /proc/timer_list | wc -c; echo x > /proc/sys/kernel/domainname; touch /sys/x"
    result = suite.attempt("run", "--rm", tiny, "sh", "-c", script)
    assert result.stdout == "0\n"
    assert result.stderr.count("Read-only file system") == 2


def test_namespaces_are_its_own(suite: Suite, tiny: str) -> None:
    kinds = ("pid", "mnt", "net", "ipc", "uts", "cgroup")
    inside = suite.run(tiny, "sh", "-c", " ".join(f"readlink /proc/self/ns/{kind};" for kind in kinds)).split()
    of_host = [str(Path(f"/proc/self/ns/{kind}").readlink()) for kind in kinds]
    assert [mine == theirs for mine, theirs in zip(inside, of_host, strict=True)] == [False] * len(kinds)


def test_stop_asks_first_and_kills_when_the_grace_is_over(suite: Suite, tiny: str) -> None:
    polite = "trap 'echo asked; exit 3' TERM; echo ready; while :; do usleep 10000; done"
    suite.strata("run", "-d", "--name", "polite", tiny, "sh", "-c", polite)
    suite.strata(
        "run", "-d", "--name", "deaf", tiny, "sh", "-c", "trap '' TERM; echo ready; while :; do usleep 9999; done"
    )
    for name in ("polite", "deaf"):
        _wait_for_output(suite, name, "ready")
    suite.strata("stop", "polite")
    started = time.monotonic()
    suite.strata("stop", "--time", "1", "deaf")
    assert 1 <= time.monotonic() - started < 8
    assert "asked" in suite.strata("logs", "polite").stdout
    assert (suite.inspect("polite")["State"]["ExitCode"], suite.inspect("deaf")["State"]["ExitCode"]) == (3, 137)


def test_logs_keep_both_streams_apart(suite: Suite, tiny: str) -> None:
    suite.attempt("run", "--name", "talks", tiny, "sh", "-c", "echo out; echo err >&2")
    logs = suite.strata("logs", "talks")
    assert (logs.stdout, logs.stderr) == ("out\n", "err\n")


def test_statuses_are_dockers(suite: Suite, tiny: str) -> None:
    suite.strata("run", "-d", "--name", "killed", tiny, "sleep", "1000")
    suite.strata("kill", "killed")
    assert suite.strata("wait", "killed").stdout == "137\n"
    assert suite.attempt("run", "--rm", tiny, "sh", "-c", "exit 42").status == 42


def test_input_goes_in_and_its_end_is_seen(suite: Suite, tiny: str) -> None:
    assert suite.strata("run", "--rm", "-i", tiny, "wc", "-c", stdin="x" * 100_000).stdout.strip() == "100000"


def _status(text: str) -> dict[str, str]:
    return {key: value.strip() for key, value in (line.split(":", 1) for line in text.splitlines())}


def _wait_for_output(suite: Suite, name: str, line: str) -> None:
    """Follow a container's log until it says ``line``."""
    with suite.spawn("logs", "-f", name) as following:
        assert following.stdout is not None
        for said in following.stdout:
            if said.strip() == line:
                break
        following.kill()
