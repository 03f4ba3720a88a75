"""Daemons by pid file."""

import os
import signal
import subprocess
import sys

import pytest

from strata_gateway.suite.process import Process, end, read_pid_file, start_daemon, write_pid_file


@pytest.fixture
def sleeper():
    child = subprocess.Popen(["sleep", "60"])
    yield child
    child.kill()
    child.wait()


def test_a_pid_file_names_the_process_that_wrote_it(tmp_path, sleeper):
    process = Process.of(sleeper.pid)
    write_pid_file(tmp_path / "x.pid", process)
    assert read_pid_file(tmp_path / "x.pid") == process


def test_a_pid_that_was_given_to_another_process_is_not_ours(tmp_path, sleeper):
    (tmp_path / "x.pid").write_text(f"{sleeper.pid} 1\n")
    assert read_pid_file(tmp_path / "x.pid") is None


def test_a_zombie_is_not_alive(sleeper):
    process = Process.of(sleeper.pid)
    sleeper.send_signal(signal.SIGKILL)
    os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)
    assert not process.is_alive()


@pytest.mark.parametrize("content", ["", "x y", "12", "12 13 14", "-1 2"])
def test_a_broken_pid_file_names_nobody(tmp_path, content):
    (tmp_path / "x.pid").write_text(content)
    assert read_pid_file(tmp_path / "x.pid") is None


def test_ending_a_process_that_obeys_is_calm(sleeper):
    assert end(Process.of(sleeper.pid), grace_s=5)


def test_a_process_that_does_not_obey_is_killed():
    code = "import signal, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('x', flush=True); signal.pause()"
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    child.stdout.readline()
    assert not end(Process.of(child.pid), grace_s=0.1)
    assert child.wait() == -signal.SIGKILL
    child.stdout.close()


def test_ending_a_process_that_is_gone_is_no_error(sleeper):
    process = Process.of(sleeper.pid)
    sleeper.kill()
    sleeper.wait()
    assert end(process, grace_s=1)


def test_a_daemon_lives_in_a_session_of_its_own_and_writes_to_its_log(tmp_path):
    child = start_daemon([sys.executable, "-c", "import os; print(os.getsid(0) == os.getpid())"], tmp_path / "log", {})
    child.wait()
    assert (tmp_path / "log").read_text() == "True\n"
