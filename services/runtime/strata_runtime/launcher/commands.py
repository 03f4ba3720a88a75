"""Short commands of the OCI runtime (kill, pause, delete, update): run, wait, and tell what they said."""

import os
from collections.abc import Callable

from strata_runtime.launcher.task import ERROR_BYTES, spawn

Answer = Callable[[int, str], None]


class Command:
    """A command under way; its output goes to an anonymous file, so nobody has to read along."""

    __slots__ = ("_answer", "_output")

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._output = os.memfd_create("output", os.MFD_CLOEXEC)

    def spawn(self, argv: list[str], environment: dict[str, str]) -> int:
        """Start it; returns its process id. Raises OSError."""
        null = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        try:
            return spawn(argv, environment, (null, self._output, self._output))
        except OSError:
            os.close(self._output)
            raise
        finally:
            os.close(null)

    def exited(self, status: int) -> None:
        """Answer with its status and the beginning of its output."""
        output = os.pread(self._output, ERROR_BYTES, 0)
        os.close(self._output)
        self._answer(status, output.decode(errors="replace"))
