"""The launcher, as the rest of the runtime sees it."""

import asyncio
import itertools
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from strata_chassis.errors import Internal, NotFound, Unavailable
from strata_runtime.adapters.launcher_session import Session
from strata_runtime.adapters.launcher_socket import PacketSocket
from strata_runtime.adapters.terminals import KeptTerminals
from strata_runtime.launcher import protocol

_log = logging.getLogger(__name__)
_FIRST_RETRY_S, _LONGEST_RETRY_S = 0.02, 1.0


class StartError(Exception):
    """The OCI runtime did not start a process; ``error_log`` is what it logged."""

    def __init__(self, status: int, error_log: str) -> None:
        super().__init__(error_log)
        self.status = status
        self.error_log = error_log


@dataclass(frozen=True, slots=True)
class TaskExit:
    """How a task ended; ``reason`` says why nobody knows, where nobody does."""

    task: str
    status: int
    finished_ns: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class TaskState:
    """A task the launcher knows."""

    task: str
    pid: int
    exit: TaskExit | None


@dataclass(frozen=True, slots=True)
class TaskRequest:
    """A task to start. ``log`` is a path with its limits, see launcher.spec."""

    task: str
    argv: tuple[str, ...]
    tty: bool = False
    stdin: bool = False
    stdin_once: bool = False
    log: Mapping[str, Any] | None = None
    rows: int = 0
    columns: int = 0

    def message(self) -> dict[str, Any]:
        """The ``start`` request."""
        return {
            "op": "start",
            "task": self.task,
            "argv": list(self.argv),
            "tty": self.tty,
            "stdin": self.stdin,
            "stdin_once": self.stdin_once,
            "log": dict(self.log) if self.log else None,
            "rows": self.rows,
            "columns": self.columns,
        }


@dataclass(frozen=True, slots=True)
class Leftovers:
    """What an OCI runtime leaves of a container: its cgroups in every hierarchy, and a state directory."""

    cgroups_path: str
    state_directory: str


class LauncherListener(Protocol):
    """Who wants to know what the launcher sees."""

    async def connected(self, tasks: list[TaskState]) -> None:
        """A launcher answers, for the first time or again; these are its tasks."""

    def exited(self, end: TaskExit) -> None:
        """A task has ended."""

    def lost(self) -> None:
        """The launcher is gone."""


class LauncherClient:
    """One connection for requests and exits, further ones for sessions. ``run`` keeps it up."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: PacketSocket | None = None
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._items: dict[int, list[dict[str, Any]]] = {}
        self._terminals = KeptTerminals()

    async def run(self, listener: "LauncherListener") -> None:
        """Stay connected until cancelled, and tell the listener of every exit, connection and loss."""
        while True:
            connection = await self._connect()
            self._connection = connection
            try:
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self._read(connection, listener))
                    await self._introduce(listener)
            except* Unavailable:
                _log.warning("the launcher went while it was being asked")
            finally:
                self._disconnected()

    async def _connect(self) -> PacketSocket:
        retry_s = _FIRST_RETRY_S
        while True:
            try:
                return PacketSocket.connect(self._path)
            except Unavailable:
                await asyncio.sleep(retry_s)
                retry_s = min(2 * retry_s, _LONGEST_RETRY_S)

    async def start(self, request: TaskRequest) -> int:
        """Start a task; returns the process id. Raises StartError, Unavailable."""
        answer = await self._call(request.message())
        return int(_started(answer)["pid"])

    async def run_command(self, argv: tuple[str, ...]) -> tuple[int, str]:
        """Run a short command beside the tasks; its status and output."""
        answer = _checked(await self._call({"op": "run", "argv": list(argv)}))
        return int(answer["status"]), str(answer["output"])

    async def forget(self, task: str, leftovers: Leftovers | None = None) -> bool:
        """Remove the record of a task that has ended, and what the OCI runtime left of it; fine if there is none.

        False if something of it is still in use.
        """
        left = {"cgroups": leftovers.cgroups_path, "state": leftovers.state_directory} if leftovers else None
        return bool(_checked(await self._call({"op": "forget", "task": task, "leftovers": left})).get("clean", True))

    async def clean(self, leftovers: Leftovers) -> bool:
        """Remove what an OCI runtime left, in the launcher's view of the host; False if something is in use."""
        message = {"op": "clean", "cgroups": leftovers.cgroups_path, "state": leftovers.state_directory}
        return bool(_checked(await self._call(message))["clean"])

    async def resize(self, task: str, columns: int, rows: int) -> None:
        """Set the size of a task's terminal."""
        _checked(await self._call({"op": "resize", "task": task, "rows": rows, "columns": columns}))

    async def attach(self, task: str, **wishes: Any) -> Session:
        """Connect to a task's streams. ``wishes``: see launcher.attachment; ``wait`` for one not started yet."""
        return await self._open_session({"op": "attach", "task": task, **wishes}, _checked)

    async def start_attached(self, request: TaskRequest, wishes: Mapping[str, Any]) -> Session:
        """Start a task and connect to its streams in one step. Raises StartError."""
        return await self._open_session({**request.message(), "attach": dict(wishes)}, _started)

    async def _open_session(
        self, message: dict[str, Any], check: Callable[[dict[str, Any]], dict[str, Any]]
    ) -> Session:
        connection = PacketSocket.connect(self._path)
        early: list[bytes] = []
        try:
            await connection.send_message({"id": 0, **message})
            while packet := await connection.receive():
                if protocol.is_message(packet) and "ok" in (answer := protocol.parse_message(packet)):
                    return Session(connection, check(answer), early)
                early.append(packet)
        except BaseException:
            connection.close()
            raise
        connection.close()
        raise Unavailable("the launcher has gone", reason="LAUNCHER_UNAVAILABLE")

    async def _introduce(self, listener: "LauncherListener") -> None:
        await self._call({"op": "subscribe"})
        number = next(self._numbers)
        self._items[number] = []
        await self._call({"op": "list"}, number)
        tasks = [_task_state(item) for item in self._items.pop(number)]
        await self._give_terminals_back(tasks)
        await listener.connected(tasks)

    async def _give_terminals_back(self, tasks: list[TaskState]) -> None:
        self._terminals.drop_all_but({task.task for task in tasks if task.exit is None})
        for task in tasks:
            terminal = self._terminals.of(task.task)
            if terminal is not None and task.exit is None and self._connection is not None:
                await self._connection.send_message_with_fd({"op": "restore", "task": task.task}, terminal)

    async def _call(self, message: dict[str, Any], number: int | None = None) -> dict[str, Any]:
        if self._connection is None:
            raise Unavailable("the launcher does not run", reason="LAUNCHER_UNAVAILABLE")
        number = next(self._numbers) if number is None else number
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._answers[number] = answer
        try:
            await self._connection.send_message({"id": number, **message})
            return await answer
        finally:
            self._answers.pop(number, None)

    async def _read(self, connection: PacketSocket, listener: "LauncherListener") -> None:
        while True:
            packet, fds = await connection.receive_with_fds()
            if not packet:
                break
            message = protocol.parse_message(packet)
            if message.get("event") == "keep":
                self._terminals.keep(message["task"], fds)
            elif message.get("event") == "exit":
                self._terminals.drop(message["task"])
                listener.exited(_task_exit(message["task"], message))
            elif "item" in message:
                self._items[message["id"]].append(message["item"])
            elif (answer := self._answers.get(message.get("id", 0))) is not None and not answer.done():
                answer.set_result(message)
        _log.warning("the launcher has gone; containers go on")
        listener.lost()
        self._disconnected()

    def _disconnected(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(Unavailable("the launcher has gone", reason="LAUNCHER_UNAVAILABLE"))


def _task_state(item: dict[str, Any]) -> TaskState:
    ended = _task_exit(item["task"], item["exit"]) if item.get("exit") else None
    return TaskState(item["task"], int(item.get("pid") or 0), ended)


def _task_exit(task: str, record: Mapping[str, Any]) -> TaskExit:
    return TaskExit(task, int(record["status"]), int(record["finished_ns"]), str(record.get("reason", "")))


def _started(answer: dict[str, Any]) -> dict[str, Any]:
    if answer["ok"]:
        return answer
    if answer.get("kind") == "RuntimeFailed":
        raise StartError(int(answer["status"]), str(answer["error"]))
    return _checked(answer)


def _checked(answer: dict[str, Any]) -> dict[str, Any]:
    if answer["ok"]:
        return answer
    if answer.get("kind") == "KeyError":
        raise NotFound("the launcher has no such task", reason="TASK_UNKNOWN")
    raise Internal(f"the launcher refused: {answer.get('error')}", reason="LAUNCHER_FAILED")
