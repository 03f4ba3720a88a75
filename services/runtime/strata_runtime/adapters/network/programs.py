"""Running the small programs that change packet filters."""

import os
import shutil
from collections.abc import Sequence
from typing import BinaryIO

_PATH = "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin"
_MOST_OUTPUT_BYTES = 4000


def find_program(name: str) -> str | None:
    """Return the path of a program, None if it is not installed."""
    return shutil.which(name, path=_PATH)


def run_program(program: str, arguments: Sequence[str], text: str = "") -> tuple[int, str]:
    """Run a program with ``text`` as its input; return its status and the beginning of what it printed.

    It is started by posix_spawn: a fork of a process in which grpc runs may hang.
    """
    with _memory_file("in") as source, _memory_file("out") as output:
        source.write(text.encode())
        source.seek(0)
        actions = [(os.POSIX_SPAWN_DUP2, source.fileno(), 0)]
        actions += [(os.POSIX_SPAWN_DUP2, output.fileno(), number) for number in (1, 2)]
        process = os.posix_spawn(program, [program, *arguments], {"PATH": _PATH}, file_actions=actions)
        _, status = os.waitpid(process, 0)
        output.seek(0)
        return status, output.read(_MOST_OUTPUT_BYTES).decode(errors="replace").strip()


def _memory_file(name: str) -> BinaryIO:
    return os.fdopen(os.memfd_create(name), "w+b")
