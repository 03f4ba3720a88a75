"""The command on a terminal: keys, sizes, signals, detaching, and the terminal as it was before."""

from __future__ import annotations

import re
import signal
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pexpect
import pytest

from tests.fixtures.docker_registry import LocalRegistry
from tests.fixtures.images.debian import image_config
from tests.fixtures.images.layout import Layout
from tests.fixtures.images.tiny import TarWriter, add_layer
from tests.fixtures.suite import STRATA, Suite

PROMPT = "READY> "
SHELL = ["-e", f"PS1={PROMPT}"]
TIMEOUT_S = 30


@contextmanager
def on_terminal(suite: Suite, *arguments: str, size: tuple[int, int] = (24, 80)) -> Iterator[pexpect.spawn[str]]:
    """Run ``strata`` on a pseudo-terminal of ``size`` lines and columns."""
    child: pexpect.spawn[str] = pexpect.spawn(
        STRATA,
        list(arguments),
        env={**suite.env(), "TERM": "xterm"},
        dimensions=size,
        encoding="utf-8",
        timeout=TIMEOUT_S,
    )
    try:
        yield child
    finally:
        child.close(force=True)


def ended(child: pexpect.spawn[str]) -> int:
    """Exit status once the command has ended; what it still writes is kept in ``before``."""
    child.expect(pexpect.EOF)
    return int(child.wait())


@contextmanager
def shell(suite: Suite, image: str, *options: str) -> Iterator[pexpect.spawn[str]]:
    """A shell in a container, at its prompt."""
    with on_terminal(suite, "run", "-it", "--rm", *SHELL, *options, image, "sh") as child:
        child.expect_exact(PROMPT)
        yield child


def test_what_is_typed_reaches_the_shell_and_its_status_comes_back(suite: Suite, tiny: str) -> None:
    with shell(suite, tiny) as child:
        child.sendline("echo $((6 * 7))")
        child.expect_exact("\r\n42\r\n")
        child.sendline("exit 9")
        assert ended(child) == 9


def test_the_container_sees_a_terminal_of_our_size(suite: Suite, tiny: str) -> None:
    with on_terminal(suite, "run", "-it", "--rm", tiny, "sh", "-c", "tty; stty size", size=(33, 111)) as child:
        child.expect("/dev/")
        child.expect_exact("33 111")
        assert ended(child) == 0


def test_a_new_size_reaches_the_container(suite: Suite, tiny: str) -> None:
    with on_terminal(suite, "run", "-it", "--rm", tiny, "sh", "-c", "while stty size; do sleep 0.1; done") as child:
        child.expect_exact("24 80")
        child.setwinsize(40, 120)
        child.expect_exact("40 120")


def test_control_c_goes_to_the_container_and_not_to_the_command(suite: Suite, tiny: str) -> None:
    with shell(suite, tiny) as child:
        child.sendline("cat")
        child.sendline("still here")
        child.expect_exact("still here\r\nstill here")
        child.sendintr()
        child.expect_exact(PROMPT)
        assert child.isalive()


def test_the_detach_keys_leave_the_container_running(suite: Suite, tiny: str) -> None:
    with shell(suite, tiny, "--name", "left") as child:
        child.send("\x10\x11")
        child.expect_exact("strata attach left")
        assert ended(child) == 0
    assert suite.inspect("left")["State"]["Running"]


def test_attach_comes_back_to_a_shell_that_was_left(suite: Suite, tiny: str) -> None:
    with shell(suite, tiny, "--name", "left") as child:
        child.sendline("kept=yes")
        child.send("\x10\x11")
        ended(child)
    with on_terminal(suite, "attach", "left", size=(20, 70)) as child:
        child.sendline('echo "kept: $kept"; stty size')
        child.expect_exact("kept: yes")
        child.expect_exact("20 70")
        child.sendline("exit 3")
        assert ended(child) == 3


def test_other_detach_keys_can_be_chosen(suite: Suite, tiny: str) -> None:
    with shell(suite, tiny, "--name", "left", "--detach-keys", "ctrl-x") as child:
        child.send("\x18")
        child.expect_exact("detached")


def test_exec_gives_a_terminal_of_its_own(suite: Suite, tiny: str) -> None:
    suite.strata("run", "-d", "--name", "box", tiny, "sleep", "1000")
    with on_terminal(suite, "exec", "-it", *SHELL, "box", "sh", size=(30, 90)) as child:
        child.expect_exact(PROMPT)
        child.sendline("stty size; exit 5")
        child.expect_exact("30 90")
        assert ended(child) == 5


@pytest.mark.parametrize("end", ["exit", "kill", "detach"])
def test_the_terminal_is_as_it_was_before(suite: Suite, tiny: str, end: str) -> None:
    with shell(suite, tiny, "--name", "left") as child:
        assert not is_cooked(child)
        if end == "exit":
            child.sendline("exit")
        elif end == "detach":
            child.send("\x10\x11")
        else:
            suite.strata("kill", "left")
        child.expect(pexpect.EOF)
        assert is_cooked(child)


def test_a_terminated_exec_restores_the_terminal(suite: Suite, tiny: str) -> None:
    suite.strata("run", "-d", "--name", "box", tiny, "sleep", "1000")
    with on_terminal(suite, "exec", "-it", *SHELL, "box", "sh") as child:
        child.expect_exact(PROMPT)
        child.kill(signal.SIGTERM)
        assert ended(child) == 128 + signal.SIGTERM
        assert is_cooked(child)


def test_a_gateway_that_dies_leaves_a_sentence_and_a_usable_terminal(suite: Suite, tiny: str) -> None:
    suite.strata("run", "-d", "--name", "box", tiny, "sleep", "1000")
    with on_terminal(suite, "exec", "-it", *SHELL, "box", "sh") as child:
        child.expect_exact(PROMPT)
        suite.kill("gateway")
        child.expect("strata: .*gateway.*")
        assert ended(child) == 1
        assert is_cooked(child)


def test_start_attaches_again(suite: Suite, tiny: str) -> None:
    suite.strata("create", "-it", "--name", "box", *SHELL, tiny, "sh")
    for _ in range(2):
        with on_terminal(suite, "start", "-ai", "box") as child:
            child.expect_exact(PROMPT)
            child.sendline("exit 4")
            assert ended(child) == 4


def test_a_pull_draws_bars_on_a_terminal(suite: Suite, registry: LocalRegistry, tmp_path: Path) -> None:
    # A layer that no other image of the session has: one that is here already has nothing to draw.
    layout = Layout(tmp_path)
    tar = TarWriter().file("unique", b"of the bars").close()
    layout.name("bars:1", layout.add_image(image_config(("sh",), comment="bars"), [add_layer(layout, tar)]))
    registry.pusher().push_all(layout, ["bars:1"])
    with on_terminal(suite, "pull", registry.reference("bars:1")) as child:
        child.expect("Pulling from ")
        child.expect(re.escape("\x1b[2K") + r"[0-9a-f]{12}: \w+")
        child.expect("Status: Downloaded newer image for ")
        assert ended(child) == 0


def test_a_pipe_cannot_stand_for_a_terminal(suite: Suite, tiny: str) -> None:
    refused = suite.attempt("run", "-it", "--rm", tiny, "true")
    assert refused.status == 125
    assert "not a terminal" in refused.stderr


def is_cooked(child: pexpect.spawn[str]) -> bool:
    """Whether the terminal edits lines and shows what is typed, as a shell wants it."""
    flags = termios.tcgetattr(child.child_fd)[3]
    return bool(flags & termios.ICANON) and bool(flags & termios.ECHO)
