"""Second descriptors of the containers' terminals: a launcher that dies does not hang them up."""

import os
from collections.abc import Collection


class KeptTerminals:
    """Terminals by task. The launcher hands each over when it comes, and gets it back if it is a new one."""

    def __init__(self) -> None:
        self._fds: dict[str, int] = {}

    def keep(self, task: str, fds: list[int]) -> None:
        """Take what came with a message."""
        for fd in fds:
            self.drop(task)
            self._fds[task] = fd

    def drop(self, task: str) -> None:
        """Let go of a task's terminal, if there is one."""
        fd = self._fds.pop(task, None)
        if fd is not None:
            os.close(fd)

    def drop_all_but(self, live: Collection[str]) -> None:
        """Let go of the terminals of tasks that have ended meanwhile."""
        for task in [task for task in self._fds if task not in live]:
            self.drop(task)

    def of(self, task: str) -> int | None:
        """The terminal of a task."""
        return self._fds.get(task)
