"""Readiness as the services report it."""

import os
import subprocess
import sys
import time

import pytest

from strata_gateway.suite.readiness import ReadyListener

NOTIFY = """
import os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.sendto(sys.argv[1].encode(), os.environ["NOTIFY_SOCKET"])
sys.stdin.read()
"""


@pytest.fixture
def listener(tmp_path):
    with ReadyListener(tmp_path / "notify.sock", os.getegid()) as listener:
        yield listener


def start(listener, message):
    return subprocess.Popen(
        [sys.executable, "-c", NOTIFY, message], env={"NOTIFY_SOCKET": str(listener.path)}, stdin=subprocess.PIPE
    )


def test_a_child_that_reports_is_ready(listener):
    child = start(listener, "READY=1\n")
    assert listener.wait([child.pid], time.monotonic() + 10) == ({child.pid}, set())
    child.communicate()


def test_a_child_that_ends_is_told_apart(listener):
    child = subprocess.Popen(["true"])
    assert listener.wait([child.pid], time.monotonic() + 10) == (set(), {child.pid})
    child.wait()


def test_a_report_of_a_process_that_was_not_asked_does_not_count(listener):
    child, stranger = subprocess.Popen(["sleep", "60"]), start(listener, "READY=1\n")
    assert listener.wait([child.pid], time.monotonic() + 10) == (set(), set())
    child.kill()
    child.wait()
    stranger.communicate()


def test_another_message_is_not_readiness(listener):
    child = start(listener, "STATUS=READY=1 soon\n")
    assert listener.wait([child.pid], time.monotonic() + 10) == (set(), set())
    child.communicate()


def test_waiting_ends_with_the_deadline(listener):
    child = subprocess.Popen(["sleep", "60"])
    assert listener.wait([child.pid], time.monotonic()) == (set(), set())
    child.kill()
    child.wait()
