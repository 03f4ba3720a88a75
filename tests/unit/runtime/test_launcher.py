"""The launcher alone: garbage, records, logs, cgroups."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from strata_runtime.launcher import adopt, leftovers, logfile, namespace, places, records


@pytest.fixture
def run_dir() -> Iterator[Path]:
    path = Path("/dev/shm", f"strata-launcher-{os.getpid()}-{time.monotonic_ns()}")
    path.mkdir()
    yield path
    subprocess.run(["umount", "-l", str(path)], check=False, capture_output=True)
    subprocess.run(["rm", "-rf", str(path)], check=True)


@contextmanager
def started(run_dir: Path) -> Iterator[subprocess.Popen]:
    """A launcher that is ready."""
    if os.geteuid() != 0:
        pytest.skip("the launcher needs root")
    notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notify.bind(str(run_dir / "notify"))
    notify.settimeout(20)
    command = [sys.executable, "-m", "strata_runtime.launcher", "--run-dir", str(run_dir)]
    with (
        closing(notify),
        subprocess.Popen(command, env={**os.environ, "NOTIFY_SOCKET": str(run_dir / "notify")}) as process,
    ):
        assert notify.recv(100) == b"READY=1"
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture
def launcher(run_dir: Path) -> Iterator[Path]:
    with started(run_dir):
        yield run_dir / "launcher.sock"


def connect(path: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    connection.settimeout(20)
    connection.connect(str(path))
    return connection


def ask(connection: socket.socket, **message) -> dict:
    connection.send(json.dumps({"id": 1, **message}).encode())
    while True:
        packet = connection.recv(70_000)
        if packet[:1] == b"{" and "ok" in (answer := json.loads(packet)):
            return answer


@pytest.mark.parametrize(
    "packet",
    [
        b"{",
        b"\xff" * 100,
        b"\0no task",
        b"{}",
        b"[]",
        b'{"op": 5}',
        b'{"op": "start"}',
        b'{"op": "start", "task": "../x", "argv": []}',
        b'{"op": "start", "task": "x", "argv": ["/no/such/program"]}',
        b'{"op": "attach", "task": "nobody", "streams": [1]}',
        b'{"op": "close_stdin"}',
        b'{"op": "resize", "task": "nobody"}',
        b'{"op": "forget", "task": []}',
        b'{"op": "run", "argv": []}',
        b'{"op": "clean", "cgroups": "/../..", "state": "/"}',
    ],
)
def test_no_packet_ends_the_launcher(launcher, packet):
    with connect(launcher) as hostile:
        hostile.send(packet)
    with connect(launcher) as connection:
        assert ask(connection, op="ping")["ok"]


def test_a_failed_start_leaves_no_task(launcher):
    with connect(launcher) as connection:
        answer = ask(connection, op="start", task="x", argv=["/bin/sh", "-c", "exit 3"])
        assert (answer["ok"], answer["status"]) == (False, 3)
        assert ask(connection, op="ping")["tasks"] == 0
    assert not (launcher.parent / "launcher" / "x").exists()


def test_output_and_status_of_a_task_reach_its_client_and_its_records(launcher, tmp_path):
    script = 'sh -c "echo hello; sleep 0.2; exit 5" & echo $! > "$0"'
    log = {"path": str(tmp_path / "log")}
    with connect(launcher) as connection:
        argv = ["/bin/sh", "-c", script, "{pid}"]
        connection.send(
            json.dumps({"id": 1, "op": "start", "task": "x", "argv": argv, "log": log, "attach": {}}).encode()
        )
        packets = [connection.recv(70_000) for _ in range(3)]
    assert [json.loads(packet) for packet in packets if packet[:1] == b"{"][-1]["status"] == 5
    assert b"\x01hello\n" in packets
    assert (tmp_path / "log").read_bytes().endswith(b" stdout F hello\n")
    assert json.loads((launcher.parent / "launcher" / "x" / "exit.json").read_text())["status"] == 5


def test_a_command_is_run_and_its_output_comes_back(launcher):
    with connect(launcher) as connection:
        answer = ask(connection, op="run", argv=["/bin/sh", "-c", "echo out; echo err >&2; exit 4"])
    assert (answer["status"], answer["output"]) == (4, "out\nerr\n")


def test_a_program_of_the_launcher_inherits_nothing_but_its_streams(launcher):
    with connect(launcher) as connection:
        answer = ask(connection, op="run", argv=["/bin/sh", "-c", "ls /proc/self/fd | tr '\\n' ' '"])
    assert answer["output"].split() == ["0", "1", "2", "3"]


def test_sigterm_ends_a_launcher_that_has_nothing_to_hold(run_dir):
    process = subprocess.Popen([sys.executable, "-m", "strata_runtime.launcher", "--run-dir", str(run_dir)])
    while not (run_dir / "launcher.sock").exists():
        time.sleep(0.01)
    process.terminate()
    assert process.wait(timeout=20) == 0
    assert not (run_dir / "launcher.sock").exists()


def test_a_log_is_rotated_and_the_oldest_file_goes(tmp_path):
    log = logfile.LogFile(tmp_path / "log", max_bytes=200, max_files=3)
    for number in range(20):
        log.append(b"stdout", f"line {number}\n".encode())
    log.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log", "log.1", "log.2"]
    assert (tmp_path / "log").read_bytes().endswith(b"line 19\n")
    assert all(path.stat().st_size <= 200 for path in tmp_path.iterdir())


def test_a_full_disk_loses_output_and_nothing_else():
    log = logfile.LogFile(Path("/dev/full"))
    log.append(b"stdout", b"lost\n")
    assert log.lost_bytes == 5
    log.close()


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/etc", ".hidden"])
def test_task_names_are_plain_file_names(tmp_path, name):
    with pytest.raises(ValueError, match="task id"):
        records.task_directory(tmp_path, name)


def tree(root: Path, *names: str) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return root


def test_controllers_that_need_a_mount_are_found(tmp_path):
    root = tree(tmp_path, "unified/cgroup.controllers", "memory/tasks")
    (root / "unified" / "cgroup.controllers").write_text("hugetlb\n")
    assert namespace.is_hybrid(root)
    memberships = "9:name=systemd:/\n4:memory:/\n3:cpu,cpuacct:/\n0::/\n"
    assert namespace.controllers_without_mount(root, memberships) == ["hugetlb", "memory", "cpu", "cpuacct"]


def test_pure_hosts_need_no_mounts(tmp_path):
    assert not namespace.is_hybrid(tree(tmp_path / "v2", "cgroup.controllers"))
    assert not namespace.is_hybrid(tree(tmp_path / "v1", "memory/tasks"))


def test_leftovers_are_removed_from_every_hierarchy(tmp_path):
    for name in ("memory/strata/x/nested", "pids/strata/x"):
        (tmp_path / "cgroup" / name).mkdir(parents=True)
    state = tree(tmp_path / "state", "status", "config.json")
    assert leftovers.remove_leftovers("/strata/x", str(state), tmp_path / "cgroup")
    assert not (tmp_path / "cgroup" / "memory" / "strata" / "x").exists()
    assert not (tmp_path / "cgroup" / "pids" / "strata" / "x").exists()
    assert not state.exists()


def test_leftovers_in_use_are_told(tmp_path):
    tree(tmp_path / "cgroup", "memory/strata/x/file")  # stands for a cgroup that rmdir refuses
    assert not leftovers.remove_leftovers("/strata/x", str(tmp_path / "none"), tmp_path / "cgroup")


@pytest.mark.parametrize("path", ["", "/", "/a/../b", ".."])
def test_leftovers_of_no_container_are_refused(tmp_path, path):
    with pytest.raises(ValueError, match="cgroup"):
        leftovers.remove_leftovers(path, str(tmp_path / "none"), tmp_path)


@pytest.mark.parametrize(
    "broken",
    [{"log": {"path": "/no/such/directory/log"}}, {"argv": ["/bin/sh", "a\0b"]}, {"attach": {"streams": ["stdwhat"]}}],
)
def test_a_start_that_fails_early_does_not_keep_the_next_one_away(launcher, broken):
    good = {"op": "start", "task": "x", "argv": ["/bin/sh", "-c", 'sleep 0.2 & echo $! > "$0"', "{pid}"]}
    with connect(launcher) as connection:
        assert not ask(connection, **{**good, **broken})["ok"]
        assert ask(connection, op="ping")["tasks"] == 0
        assert ask(connection, **good)["ok"]


def test_a_task_that_has_ended_gives_way_to_the_next_of_its_name(launcher):
    start = {"op": "start", "task": "x", "argv": ["/bin/sh", "-c", 'sleep 0.1 & echo $! > "$0"', "{pid}"]}
    with connect(launcher) as connection:
        assert ask(connection, **start)["ok"]
        while not (launcher.parent / "launcher" / "x" / "exit.json").exists():
            time.sleep(0.01)
        assert ask(connection, **start)["ok"]


@pytest.mark.parametrize("record", ["", "{", "[]", '{"spec": {}}', "\udcff"])
def test_a_torn_record_does_not_stop_the_launcher(run_dir, record):
    torn = run_dir / "launcher" / "x"
    torn.mkdir(parents=True)
    (run_dir / "launcher").chmod(0o700)
    (torn / "task.json").write_text(record, errors="surrogateescape")
    with started(run_dir), connect(run_dir / "launcher.sock") as connection:
        assert ask(connection, op="ping")["tasks"] == 0
    assert not torn.exists()


def foreign(path: Path) -> None:
    path.mkdir(mode=0o700)
    os.chown(path, 65534, 65534)


def shared(path: Path) -> None:
    path.mkdir()
    path.chmod(0o777)


def linked(path: Path) -> None:
    path.symlink_to("/root")


@pytest.mark.parametrize("planted", [foreign, shared, linked])
def test_the_launcher_refuses_a_directory_that_others_made(run_dir, planted):
    planted(run_dir / "launcher")
    command = [sys.executable, "-m", "strata_runtime.launcher", "--run-dir", str(run_dir)]
    ended = subprocess.run(command, check=False, capture_output=True, text=True, timeout=20)
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"strata-launcher: {run_dir}/launcher ")
    assert "Traceback" not in ended.stderr


def test_a_log_in_a_directory_of_others_is_refused(tmp_path):
    shared(tmp_path / "logs")
    with pytest.raises(places.NotOurs, match="others could write"):
        logfile.LogFile(tmp_path / "logs" / "log")


def test_an_exit_is_told_though_it_cannot_be_written_down(run_dir):
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "none", str(run_dir)], check=True)
    script = 'sh -c "cat >/dev/null; exit 5" <&0 & echo $! > "$0"'
    with started(run_dir), connect(run_dir / "launcher.sock") as connection:
        argv = ["/bin/sh", "-c", script, "{pid}"]
        assert ask(connection, op="subscribe")["ok"]
        assert ask(connection, op="start", task="x", argv=argv, stdin=True)["ok"]
        with (run_dir / "full").open("wb", buffering=0) as full, suppress(OSError):
            while True:
                full.write(bytes(4096))
        assert ask(connection, op="close_stdin", task="x")["ok"]
        assert json.loads(connection.recv(70_000))["status"] == 5
        (run_dir / "full").unlink()
        while not (run_dir / "launcher" / "x" / "exit.json").exists():
            time.sleep(0.05)
    assert json.loads((run_dir / "launcher" / "x" / "exit.json").read_text())["status"] == 5


def test_an_oci_runtime_that_outlived_its_launcher_brings_nothing_up(run_dir):
    task = run_dir / "launcher" / "x"
    with started(run_dir) as process, connect(run_dir / "launcher.sock") as connection:
        argv = ["/bin/sh", "-c", "sleep 2; touch $0.up", "{pid}"]
        connection.send(json.dumps({"id": 1, "op": "start", "task": "x", "argv": argv}).encode())
        while not adopt._starters(str(task / "pid")):
            time.sleep(0.01)
        process.kill()
        process.wait()
    (run_dir / "notify").unlink()
    with started(run_dir):
        assert adopt._starters(str(task / "pid")) == []
        assert json.loads((task / "exit.json").read_text())["reason"] == adopt.LOST
