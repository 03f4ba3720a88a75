"""Programs that keep credentials (``docker-credential-NAME``).

They are started by posix_spawn, never by fork: a child of a process in which grpc has threads can hang before exec.
Source: docker-credential-helpers, "Development": the server's name on stdin, JSON on stdout.
"""

import logging
import os
import select
import shutil
import signal
import time

from strata_registry.core.credentials import (
    Credential,
    Helper,
    is_helper_name,
    is_not_found_answer,
    parse_helper_answer,
)

_log = logging.getLogger(__name__)
_LONGEST_ANSWER_BYTES = 1 << 20
_TIMEOUT_S = 30.0


def ask_helper(helper: Helper) -> Credential | None:
    """Ask a helper for a server's credentials; None when it has none, cannot be run or fails. Blocking."""
    program = shutil.which(f"docker-credential-{helper.name}") if is_helper_name(helper.name) else None
    if program is None:
        _log.warning("there is no credential helper docker-credential-%s", helper.name)
        return None
    try:
        status, output = _converse([program, "get"], helper.server.encode())
    except (OSError, TimeoutError) as error:
        _log.warning("credential helper %s failed: %s", helper.name, error)
        return None
    if status != 0:
        if not is_not_found_answer(output):
            _log.warning("credential helper %s ended with status %d", helper.name, status)
        return None
    return _credential(helper, output)


def _credential(helper: Helper, output: bytes) -> Credential | None:
    try:
        return parse_helper_answer(output)
    except (ValueError, KeyError, TypeError):  # never log the output: it may hold the secret
        _log.warning("credential helper %s gave an answer that cannot be read", helper.name)
        return None


def _converse(command: list[str], question: bytes) -> tuple[int, bytes]:
    """Run a program with ``question`` on stdin; return its status and stdout. Raises TimeoutError."""
    stdin_read, stdin_write = os.pipe2(os.O_CLOEXEC)
    stdout_read, stdout_write = os.pipe2(os.O_CLOEXEC)
    try:
        pid = _spawn(command, stdin_read, stdout_write)
    except BaseException:
        os.close(stdin_write)
        os.close(stdout_read)
        raise
    finally:
        os.close(stdin_read)
        os.close(stdout_write)
    return _finish(pid, stdin_write, stdout_read, question)


def _spawn(command: list[str], stdin: int, stdout: int) -> int:
    """Start a program; all other descriptors of this process are close-on-exec."""
    actions = [
        (os.POSIX_SPAWN_DUP2, stdin, 0),
        (os.POSIX_SPAWN_DUP2, stdout, 1),
        (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
    ]
    return os.posix_spawn(command[0], command, os.environ, file_actions=actions, setsigdef=[signal.SIGPIPE])


def _finish(pid: int, stdin: int, stdout: int, question: bytes) -> tuple[int, bytes]:
    try:
        try:
            os.write(stdin, question)  # shorter than a pipe's buffer, so it cannot block
        except BrokenPipeError:
            pass  # a helper that does not read has its own reasons; its status tells
        finally:
            os.close(stdin)
        output = _read_all(stdout, time.monotonic() + _TIMEOUT_S)
    except BaseException:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        raise
    finally:
        os.close(stdout)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), output


def _read_all(fd: int, until_s: float) -> bytes:
    pieces: list[bytes] = []
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    while sum(map(len, pieces)) < _LONGEST_ANSWER_BYTES:
        if not poll.poll(1000 * max(0.0, until_s - time.monotonic())):
            raise TimeoutError(f"no answer within {_TIMEOUT_S:g} s")
        piece = os.read(fd, 1 << 16)
        if not piece:
            break
        pieces.append(piece)
    return b"".join(pieces)
