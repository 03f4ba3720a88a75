"""The command in pipes: stdin to its end, output whole and apart, signals, exit statuses, sentences for errors."""

from __future__ import annotations

import hashlib
import json
import signal
import subprocess
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.fixtures.suite import STRATA, Suite

MIB = 1024 * 1024


@pytest.fixture
def box(suite: Suite, tiny: str) -> str:
    """Name of a container that runs and does nothing."""
    suite.strata("run", "-d", "--name", "box", tiny, "sleep", "1000")
    return "box"


@contextmanager
def started(suite: Suite, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """``strata ARGUMENTS`` in the background."""
    with suite.spawn(*arguments) as process:
        yield process
        process.kill()


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.mark.parametrize("size", [0, 1, 20 * MIB])
def test_bytes_go_in_and_come_out_as_they_were(suite: Suite, tiny: str, size: int) -> None:
    content = hashlib.shake_256(b"strata").digest(size)
    done = subprocess.run(
        [STRATA, "run", "-i", "--rm", tiny, "cat"], input=content, capture_output=True, env=suite.env(), check=True
    )
    assert hashlib.sha256(done.stdout).digest() == hashlib.sha256(content).digest()


def test_stdout_and_stderr_come_apart(suite: Suite, tiny: str) -> None:
    result = suite.strata("run", "--rm", tiny, "sh", "-c", "echo out; echo err >&2")
    assert (result.stdout, result.stderr) == ("out\n", "err\n")


def test_without_i_stdin_is_empty(suite: Suite, tiny: str) -> None:
    assert suite.strata("run", "--rm", tiny, "cat", stdin="ignored").stdout == ""


@pytest.mark.parametrize(
    ("command", "status"),
    [
        (["sh", "-c", "exit 7"], 7),
        (["nonexistent"], 127),
        (["/etc/passwd"], 126),
        (["true"], 0),
    ],
)
def test_the_status_of_run_is_dockers(suite: Suite, tiny: str, command: list[str], status: int) -> None:
    assert suite.attempt("run", "--rm", tiny, *command).status == status


def test_the_status_of_run_is_125_when_the_engine_fails(suite: Suite, tiny: str) -> None:
    for words in (["--network", "nonexistent", tiny, "true"], ["--nonsense", tiny], ["--cpus", "x", tiny]):
        assert suite.attempt("run", "--rm", *words).status == 125


@pytest.mark.parametrize(("command", "status"), [(["sh", "-c", "exit 7"], 7), (["nonexistent"], 127), (["/etc"], 126)])
def test_the_status_of_exec_is_dockers(suite: Suite, box: str, command: list[str], status: int) -> None:
    assert suite.attempt("exec", box, *command).status == status


def test_exec_sees_variables_directory_and_user(suite: Suite, box: str) -> None:
    script = 'echo "$A $(pwd) $(id -u):$(id -g)"'
    words = ["exec", "-e", "A=1", "-w", "/tmp", "-u", "1000:1000", box, "sh", "-c", script]
    assert suite.strata(*words).stdout == "1 /tmp 1000:1000\n"


def test_a_signal_reaches_the_container(suite: Suite, tiny: str) -> None:
    script = "trap 'echo got it; exit 5' TERM; echo ready; while :; do sleep 0.1; done"
    with started(suite, "run", "--rm", tiny, "sh", "-c", script) as process:
        assert first_line(process) == "ready"
        process.send_signal(signal.SIGTERM)
        assert first_line(process) == "got it"
        assert process.wait(30) == 5


def test_a_reader_that_goes_away_ends_the_command(suite: Suite, tiny: str) -> None:
    line = f"{STRATA} run --rm {tiny} sh -c 'yes' | head -n 1"
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, env=suite.env(), check=True, timeout=60)
    assert done.stdout == "y\n"
    assert "Traceback" not in done.stderr


def test_logs_follow_until_the_end(suite: Suite, tiny: str) -> None:
    suite.strata("run", "-d", "--name", "talk", tiny, "sh", "-c", "for n in 1 2 3; do echo $n; sleep 0.2; done")
    assert suite.strata("logs", "-f", "talk").lines == ["1", "2", "3"]
    assert suite.strata("logs", "--tail", "1", "talk").lines == ["3"]


def test_times_of_logs_are_rfc_3339(suite: Suite, tiny: str) -> None:
    suite.strata("run", "--name", "talk", tiny, "echo", "hello")
    stamp, text = suite.strata("logs", "-t", "talk").stdout.split()
    assert (stamp[4], stamp[10], len(stamp), text) == ("-", "T", 30, "hello")


def test_wait_prints_the_exit_status(suite: Suite, tiny: str) -> None:
    suite.strata("run", "-d", "--name", "job", tiny, "sh", "-c", "sleep 0.3; exit 3")
    assert suite.strata("wait", "job").stdout == "3\n"


def test_death_by_a_signal_is_128_and_its_number(suite: Suite, box: str) -> None:
    suite.strata("kill", "-s", "KILL", box)
    assert suite.strata("wait", box).stdout == "137\n"


def test_ps_shows_what_runs_and_all_else_on_demand(suite: Suite, box: str, tiny: str) -> None:
    suite.strata("run", "--name", "gone", tiny, "true")
    running = suite.strata("ps", "--format", "{{.Names}} {{.State}}").lines
    every = suite.strata("ps", "-a", "--format", "{{.Names}} {{.State}}").lines
    assert (running, every) == ([f"{box} running"], ["gone exited", f"{box} running"])


@pytest.mark.parametrize("words", [["--filter", "name=ox"], ["--filter", "status=running"], ["-l"], ["-n", "1"]])
def test_filters_of_ps_narrow_the_list(suite: Suite, box: str, words: list[str]) -> None:
    identity = suite.inspect(box)["Id"]
    assert suite.strata("ps", "-q", *words).lines == [identity[:12]]
    assert suite.strata("ps", "-aq", "--filter", "name=nobody").lines == []


def test_several_containers_are_handled_one_by_one(suite: Suite, box: str) -> None:
    result = suite.attempt("stop", "-t", "0", "nobody", box)
    assert (result.status, result.stdout) == (1, f"{box}\n")
    assert result.stderr.startswith("strata: no such container: nobody")


def test_inspect_takes_dockers_templates(suite: Suite, box: str) -> None:
    template = "{{.State.Status}} {{.Config.Image}} {{range .Config.Cmd}}[{{.}}]{{end}} {{json .HostConfig.AutoRemove}}"
    text = suite.strata("inspect", "-f", template, box).stdout.split()
    assert text[0] == "running"
    assert text[2:] == ["[sleep][1000]", "false"]


def test_inspect_of_what_is_not_there_still_prints_a_list(suite: Suite) -> None:
    result = suite.attempt("inspect", "nobody")
    assert (result.status, json.loads(result.stdout)) == (1, [])
    assert result.stderr == "strata: no such container or image: nobody\n"


def test_top_shows_the_processes(suite: Suite, box: str) -> None:
    lines = suite.strata("top", box).lines
    assert lines[0].split()[:3] == ["UID", "PID", "PPID"]
    assert lines[1].endswith("sleep 1000")


def test_stats_are_measured_once_on_demand(suite: Suite, box: str) -> None:
    (line,) = suite.strata("stats", "--no-stream", "--format", "{{.Name}} {{.PIDs}}", box).lines
    assert line == f"{box} 1"


def test_events_of_the_past_are_printed(suite: Suite, box: str) -> None:
    words = ["events", "--since", "10m", "--until", str(time.time()), "--filter", f"container={box}"]
    actions = suite.strata(*words, "--format", "{{.Action}}").lines
    assert actions[-2:] == ["create", "start"]


def test_a_paused_container_says_so(suite: Suite, box: str) -> None:
    suite.strata("pause", box)
    assert "(Paused)" in suite.strata("ps", "--format", "{{.Status}}").stdout
    suite.strata("unpause", box)
    assert "(Paused)" not in suite.strata("ps", "--format", "{{.Status}}").stdout


def test_files_are_copied_in_and_out(suite: Suite, box: str, tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "deep").mkdir(parents=True)
    (source / "deep/file").write_bytes(b"x" * 3 * MIB)
    suite.strata("cp", str(source), f"{box}:/tmp")
    assert suite.strata("exec", box, "ls", "/tmp/source/deep").stdout == "file\n"
    suite.strata("cp", f"{box}:/tmp/source/.", str(tmp_path / "back"))
    assert (tmp_path / "back/deep/file").read_bytes() == b"x" * 3 * MIB


def test_a_file_may_get_another_name_on_the_way(suite: Suite, box: str, tmp_path: Path) -> None:
    suite.strata("cp", f"{box}:/etc/passwd", str(tmp_path / "users"))
    assert (tmp_path / "users").read_text().startswith("root:")
    suite.strata("cp", str(tmp_path / "users"), f"{box}:/tmp/again")
    assert suite.strata("exec", box, "cat", "/tmp/again").stdout.startswith("root:")


def test_a_dash_stands_for_a_tar(suite: Suite, box: str, tmp_path: Path) -> None:
    done = subprocess.run([STRATA, "cp", f"{box}:/etc", "-"], capture_output=True, env=suite.env(), check=True)
    (tmp_path / "etc.tar").write_bytes(done.stdout)
    with tarfile.open(tmp_path / "etc.tar") as tar:
        assert "etc/passwd" in tar.getnames()


def test_diff_shows_what_was_written(suite: Suite, box: str) -> None:
    suite.strata("exec", box, "sh", "-c", "echo x > /etc/new; rm /etc/passwd")
    assert suite.strata("diff", box).lines == ["C /etc", "A /etc/new", "D /etc/passwd"]


def test_a_name_is_taken_once(suite: Suite, box: str, tiny: str) -> None:
    refused = suite.attempt("run", "-d", "--name", box, tiny, "true")
    assert refused.status == 125
    assert len(refused.stderr.splitlines()) == 1


def test_the_id_is_written_to_a_file(suite: Suite, tiny: str, tmp_path: Path) -> None:
    file = tmp_path / "id"
    suite.strata("run", "--cidfile", str(file), "--name", "box", tiny, "true")
    assert file.read_text() == suite.inspect("box")["Id"]
    assert suite.attempt("run", "--cidfile", str(file), "--rm", tiny, "true").status == 125


def test_tags_are_names_of_the_same_image(suite: Suite, tiny: str) -> None:
    suite.strata("tag", tiny, "other:1")
    identity = suite.strata("images", "-q", "--no-trunc", tiny).stdout
    assert suite.strata("images", "-q", "--no-trunc", "other").stdout == identity
    assert suite.strata("rmi", "other:1").stdout == "Untagged: other:1\n"


def test_version_names_both_sides(suite: Suite) -> None:
    versions = json.loads(suite.strata("version", "--format", "json").stdout)
    assert versions["Client"]["Version"] == versions["Server"]["Version"]


def test_version_feels_instant(suite: Suite) -> None:
    suite.strata("version")
    spans = []
    for _ in range(10):
        started_at = time.perf_counter()
        suite.strata("version")
        spans.append(time.perf_counter() - started_at)
    assert min(spans) < 0.1


def test_version_without_an_engine_still_names_the_client() -> None:
    command = [STRATA, "-H", "unix:///nonexistent.sock", "version"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Client:" in done.stdout
    assert "is the suite running?" in done.stderr


def test_names_of_containers_and_images_are_completed(suite: Suite, box: str, tiny: str) -> None:
    assert suite.strata("__complete", "--", "exec", "").stdout.startswith(f"{box}\tUp ")
    assert tiny in suite.strata("__complete", "--", "run", "").stdout


@pytest.mark.parametrize(("line", "last_word"), [("strata stop b", "box"), ("strata run {tiny[:-1]}", "one")])
def test_bash_completes_names(suite: Suite, box: str, tiny: str, line: str, last_word: str) -> None:
    line = line.replace("{tiny[:-1]}", tiny[:-1])
    script = f"""
        PATH={Path(STRATA).parent}:$PATH; source <(strata completion bash)
        COMP_LINE='{line}'; COMP_POINT=${{#COMP_LINE}}; _strata; echo "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, env=suite.env(), check=True)
    assert box
    assert done.stdout.strip() == last_word
