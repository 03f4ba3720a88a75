"""A witness for the time without a launcher: sees how processes end that nobody else will be able to tell of."""

import os
from collections.abc import Mapping

from strata_runtime.launcher.kernel import exit_code_of


class Witness:
    """Holds pidfds: the kernel keeps a process's exit information as long as one is open (Linux 6.15)."""

    def __init__(self) -> None:
        self._pidfds: dict[str, int] = {}

    def watch(self, processes: Mapping[str, int]) -> None:
        """Hold on to processes, by the IDs of their containers; those that are gone already are left out."""
        for container_id, pid in processes.items():
            if container_id not in self._pidfds:
                try:
                    self._pidfds[container_id] = os.pidfd_open(pid)
                except OSError:
                    continue

    def testify(self, container_id: str) -> int | None:
        """Exit code of a process that has ended meanwhile; None if the kernel cannot say."""
        pidfd = self._pidfds.get(container_id)
        return None if pidfd is None else exit_code_of(pidfd)

    def dismiss(self) -> None:
        """Let go of all of them."""
        for pidfd in self._pidfds.values():
            os.close(pidfd)
        self._pidfds.clear()
