"""What the engine does on the launcher's word."""

import asyncio
from dataclasses import replace

from strata_runtime.adapters.launcher_client import TaskExit, TaskState
from strata_runtime.adapters.witness import Witness
from strata_runtime.core.exec_session import EXEC_TASK_PREFIX
from strata_runtime.engine.execs import handle_exec_exit
from strata_runtime.engine.exits import handle_exit
from strata_runtime.engine.parts import Parts
from strata_runtime.engine.recovery import reconcile


class LauncherEvents:
    """Passes exits on to the containers, and bridges the time between two launchers."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._witness = Witness()
        self.first_connection = asyncio.Event()

    async def connected(self, tasks: list[TaskState]) -> None:
        """Compare what is remembered with what runs."""
        await reconcile(self._parts, [self._with_testimony(task) for task in tasks])
        self._witness.dismiss()
        self.first_connection.set()

    def exited(self, end: TaskExit) -> None:
        """Note the end of a container or of an exec session."""
        if end.task.startswith(EXEC_TASK_PREFIX):
            self._parts.background.start("end of an exec session", handle_exec_exit(self._parts, end))
        elif (entry := self._parts.containers.get(end.task)) is not None:
            self._parts.background.start(f"exit of {end.task[:12]}", handle_exit(self._parts, entry, end))

    def lost(self) -> None:
        """Nobody reaps for us now: keep an eye on the processes ourselves."""
        live = [entry.container for entry in self._parts.containers if entry.container.state.is_live]
        self._witness.watch({container.id: container.pid for container in live})

    def _with_testimony(self, task: TaskState) -> TaskState:
        """A task with the status we saw, where the launcher does not know it."""
        if task.exit is None or not task.exit.reason:
            return task
        status = self._witness.testify(task.task)
        return task if status is None else replace(task, exit=replace(task.exit, status=status, reason=""))
