"""Restarts of the gateway while somebody looks at a container: nothing is lost, nothing is doubled."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pexpect
import pytest

from tests.fixtures.suite import STRATA, Suite

COUNT = 60
COUNTING = f"n=0; while [ $n -lt {COUNT} ]; do n=$((n+1)); echo $n; sleep 0.05; done; exit 6"
NUMBERS = [str(number + 1) for number in range(COUNT)]


def restart(suite: Suite) -> None:
    """An operator restarts the gateway."""
    suite.strata("suite", "restart", "gateway", "--root", str(suite.root))


def crash(suite: Suite) -> None:
    """The gateway dies, and is started again."""
    suite.kill("gateway")
    suite.up()


def rest_of(process: subprocess.Popen[str]) -> tuple[str, str]:
    """What a command still writes; ``communicate`` would leave out what ``readline`` has read ahead."""
    assert process.stdout is not None
    assert process.stderr is not None
    out, err = process.stdout.read(), process.stderr.read()
    process.wait(60)
    return out, err


@contextmanager
def started(suite: Suite, *words: str) -> Iterator[subprocess.Popen[str]]:
    """``strata WORDS`` in the background, once its first lines are there."""
    with suite.spawn(*words) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "1\n"
        yield process
        process.kill()


@pytest.mark.parametrize("end", [restart, crash])
def test_output_of_a_run_is_whole_after_a_restart(suite: Suite, tiny: str, end: Callable[[Suite], None]) -> None:
    with started(suite, "run", "--rm", "--name", "count", tiny, "sh", "-c", COUNTING) as process:
        end(suite)
        out, err = rest_of(process)
    assert err == ""
    assert out.splitlines() == NUMBERS[1:]
    assert process.returncode == 6


@pytest.mark.parametrize("end", [restart, crash])
def test_followed_logs_are_whole_after_a_restart(suite: Suite, tiny: str, end: Callable[[Suite], None]) -> None:
    suite.strata("run", "-d", "--name", "count", tiny, "sh", "-c", COUNTING)
    with started(suite, "logs", "-f", "count") as process:
        end(suite)
        out, _ = rest_of(process)
    assert out.splitlines() == NUMBERS[1:]


def test_a_restart_does_not_wait_for_those_who_look(suite: Suite, tiny: str) -> None:
    with started(suite, "run", "--rm", "--name", "count", tiny, "sh", "-c", f"{COUNTING}; sleep 100"):
        began = time.monotonic()
        restart(suite)
        assert time.monotonic() - began < 8


def test_an_exit_while_the_gateway_is_away_is_not_missed(suite: Suite, tiny: str) -> None:
    script = "echo 1; sleep 1; echo last; exit 7"
    with started(suite, "run", "--name", "short", tiny, "sh", "-c", script) as process:
        suite.kill("gateway")
        time.sleep(1.5)
        suite.up()
        out, _ = rest_of(process)
    assert (out, process.returncode) == ("last\n", 7)


def test_the_status_of_a_container_that_is_gone_is_still_known(suite: Suite, tiny: str) -> None:
    with started(suite, "run", "--rm", "--name", "short", tiny, "sh", "-c", "echo 1; sleep 1; exit 7") as process:
        suite.kill("gateway")
        time.sleep(1.5)
        suite.up()
        rest_of(process)
    assert process.returncode == 7


@pytest.mark.parametrize("end", [restart, crash])
def test_a_shell_on_a_terminal_goes_on(suite: Suite, tiny: str, end: Callable[[Suite], None]) -> None:
    command = ["run", "-it", "--rm", "--name", "shell", "-e", "PS1=READY> ", tiny, "sh"]
    child: pexpect.spawn[str] = pexpect.spawn(STRATA, command, env=suite.env(), encoding="utf-8", timeout=30)
    try:
        child.expect_exact("READY> ")
        child.sendline("kept=yes")
        child.expect_exact("READY> ")
        end(suite)
        time.sleep(1)
        child.sendline('echo "kept: $kept"; exit 4')
        child.expect_exact("kept: yes")
        child.expect(pexpect.EOF)
        assert child.wait() == 4
    finally:
        child.close(force=True)


def test_input_that_may_be_lost_ends_with_a_sentence(suite: Suite, tiny: str) -> None:
    with suite.spawn("run", "-i", "--name", "fed", tiny, "cat") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("1\n")
        process.stdin.flush()
        assert process.stdout.readline() == "1\n"
        suite.kill("gateway")
        _, err = process.communicate(timeout=60)
    assert "the container goes on: 'strata attach fed'" in err
    assert process.returncode == 125
