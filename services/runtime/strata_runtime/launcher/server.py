"""The launcher's tasks and what its clients may ask of them."""

import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from strata_runtime.launcher import adopt, kernel, places, protocol, records
from strata_runtime.launcher.attachment import Wishes
from strata_runtime.launcher.client import Client
from strata_runtime.launcher.commands import Command
from strata_runtime.launcher.leftovers import remove_leftovers
from strata_runtime.launcher.loop import HANGUP, READABLE, Loop
from strata_runtime.launcher.spec import TaskSpec
from strata_runtime.launcher.task import UNKNOWN_STATUS, Task

_ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
Message = dict[str, Any]


class Server:
    """Everything the launcher knows."""

    def __init__(self, loop: Loop, root: Path) -> None:
        self._loop = loop
        self._root = root
        self._tasks: dict[str, Task] = {}
        self._by_pid: dict[int, Task] = {}
        self._spawned: dict[int, Callable[[int], None]] = {}
        self._early_exits: dict[int, int] = {}
        self._waiting: dict[str, list[tuple[Client, Wishes]]] = {}
        self._subscribers: set[Client] = set()
        self._console_count = 0

    # --------------------------------------------------------------------------------------------------------- clients
    def accept(self, listener: socket.socket) -> None:
        """Serve one more client."""
        connection, _ = listener.accept()
        Client(self._loop, connection, self._packet)

    def _packet(self, client: Client, packet: bytes) -> None:
        if protocol.is_message(packet):
            self._message(client, packet)
        elif client.attachment is not None and client.attachment.wishes.stdin and packet[0] == protocol.STDIN:
            task = self._attached_task(client)
            if not task.streams.feed(packet[1:]):
                client.pause_reading(paused=True)

    def _message(self, client: Client, packet: bytes) -> None:
        request: Message = {}
        try:
            request = protocol.parse_message(packet)
            operation = self._OPERATIONS[request["op"]]
            answer = operation(self, client, request)
        except Exception as error:  # noqa: BLE001 -- whatever a client sends, the launcher lives
            answer = {"ok": False, "error": f"{type(error).__name__}: {error}", "kind": type(error).__name__}
        if answer is not None:
            client.send_message({"id": request.get("id"), **answer})

    def _attached_task(self, client: Client) -> Task:
        if client.attachment is None:
            raise KeyError("not attached to a task")
        return self._tasks[client.attachment.task_name]

    # ------------------------------------------------------------------------------------------------------ operations
    def _ping(self, _: Client, __: Message) -> Message:
        return {"ok": True, "pid": os.getpid(), "tasks": len(self._tasks)}

    def _subscribe(self, client: Client, _: Message) -> Message:
        self._subscribers.add(client)
        client.when_closed(self._subscribers.discard)
        for task in self._tasks.values():
            self._entrust(task, client)
        return {"ok": True}

    def _restore(self, client: Client, request: Message) -> Message:
        task = self._tasks[request["task"]]
        if task.exit is None and task.streams.tty_fd is None and client.received_fds:
            task.restore_terminal(client.received_fds.pop(0))
        return {"ok": True}

    def _entrust(self, task: Task, client: Client) -> None:
        """Let a subscriber keep a second descriptor of a task's terminal: it outlives us there."""
        if task.exit is None and task.streams.tty_fd is not None:
            client.send_message({"event": "keep", "task": task.name}, task.streams.tty_fd)

    def _list(self, client: Client, request: Message) -> Message:
        for task in self._tasks.values():
            client.send_message({"id": request.get("id"), "item": self._describe(task)})
        return {"ok": True}

    def _describe(self, task: Task) -> Message:
        exit_record = task.exit if task.exit and not task.is_ending else None
        return {"task": task.name, "pid": task.pid, "exit": exit_record, "log": task.log_position()}

    def _start(self, client: Client, request: Message) -> None:
        spec = TaskSpec.parse(request)
        wishes = None if request.get("attach") is None else Wishes.parse(request["attach"])
        self._make_room(request["task"])
        directory = records.make_task_directory(self._root, request["task"], {"spec": request})
        try:
            task, spawned = self._spawn(directory, spec)
        except BaseException:
            records.remove_task_directory(directory)
            raise
        self._tasks[task.name] = task
        self._spawned[spawned] = lambda status: self._runtime_done(task, client, request, status)
        if wishes is not None:
            task.attach(client, wishes)
        for waiting, its_wishes in self._waiting.pop(task.name, []):
            task.attach(waiting, its_wishes)

    def _make_room(self, name: str) -> None:
        """Drop an earlier task of this name that has ended: whoever starts it anew knows of that."""
        before = self._tasks.get(name)
        if before is not None and before.exit is not None and not before.is_ending:
            self._drop(before)

    def _spawn(self, directory: Path, spec: TaskSpec) -> tuple[Task, int]:
        task = Task(self._loop, directory, spec, self)
        try:
            return task, task.spawn(_ENVIRONMENT, self._console_path())
        except BaseException:
            task.failed()
            raise

    def _console_path(self) -> str:
        self._console_count += 1
        return str(self._root / f".console{self._console_count}")

    def _attach(self, client: Client, request: Message) -> Message:
        task, wishes = self._tasks.get(request["task"]), Wishes.parse(request)
        if task is None or task.exit is not None:
            if not request.get("wait"):
                raise KeyError(request["task"])
            client.pause_reading(paused=True)
            self._waiting.setdefault(request["task"], []).append((client, wishes))
            client.when_closed(lambda closed: self._stop_waiting(request["task"], closed))
            return {"ok": True}
        task.attach(client, wishes)
        return {"ok": True, "log": task.log_position()}

    def _stop_waiting(self, name: str, client: Client) -> None:
        left = [entry for entry in self._waiting.pop(name, []) if entry[0] is not client]
        if left:
            self._waiting[name] = left

    def _close_stdin(self, client: Client, request: Message) -> Message:
        self._named_task(client, request).streams.close_input()
        return {"ok": True}

    def _resize(self, client: Client, request: Message) -> Message:
        self._named_task(client, request).resize(int(request["rows"]), int(request["columns"]))
        return {"ok": True}

    def _named_task(self, client: Client, request: Message) -> Task:
        return self._tasks[request["task"]] if "task" in request else self._attached_task(client)

    def _forget(self, client: Client, request: Message) -> Message:
        task = self._tasks.get(request["task"])
        if task is not None:
            if task.exit is None:
                message = f"{task.name} is running"
                raise ValueError(message)
            self._drop(task)
        return self._clean(client, request.get("leftovers") or {})

    def _clean(self, _: Client, request: Message) -> Message:
        clean = not request or remove_leftovers(request["cgroups"], request["state"])
        return {"ok": True, "clean": clean}

    def _run(self, client: Client, request: Message) -> None:
        def answer(status: int, output: str) -> None:
            client.send_message({"id": request.get("id"), "ok": True, "status": status, "output": output})

        command = Command(answer)
        self._spawned[command.spawn(list(request["argv"]), _ENVIRONMENT)] = command.exited

    _OPERATIONS: ClassVar[dict[str, Callable[["Server", Client, Message], Message | None]]] = {
        "ping": _ping,
        "subscribe": _subscribe,
        "list": _list,
        "restore": _restore,
        "start": _start,
        "attach": _attach,
        "close_stdin": _close_stdin,
        "resize": _resize,
        "forget": _forget,
        "clean": _clean,
        "run": _run,
    }

    # --------------------------------------------------------------------------------------------------- life of tasks
    def _runtime_done(self, task: Task, client: Client, request: Message, status: int) -> None:
        pid = task.started() if status == 0 else None
        if pid is None:
            answer: Message = {"ok": False, "status": status, "error": task.failed(), "kind": "RuntimeFailed"}
            self._drop(task)
        else:
            self._by_pid[pid] = task
            answer = {"ok": True, "pid": pid}
        client.send_message({"id": request.get("id"), **answer})
        early = self._early_exits.pop(pid or 0, None)
        if early is not None:
            self._child_exited(pid or 0, early)
        elif pid is not None and kernel.start_ticks(pid) is None:  # reaped by its own parent before it became ours
            self._by_pid.pop(pid).exited(UNKNOWN_STATUS, adopt.LOST)
        if not self._spawned:
            self._early_exits.clear()

    def task_has_terminal(self, task: Task) -> None:
        """Somebody else has to hold it too."""
        for subscriber in list(self._subscribers):
            self._entrust(task, subscriber)

    def task_exited(self, task: Task) -> None:
        """Tell who listens."""
        for subscriber in list(self._subscribers):
            subscriber.send_message({"event": "exit", "task": task.name, **(task.exit or {})})

    def _drop(self, task: Task) -> None:
        self._tasks.pop(task.name, None)
        task.streams.abandon()
        records.remove_task_directory(task.directory)

    def reap(self) -> None:
        """Collect every child that has ended."""
        while True:
            try:
                pid, wait_status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self._child_exited(pid, kernel.shell_status(wait_status))

    def _child_exited(self, pid: int, status: int) -> None:
        done = self._spawned.pop(pid, None)
        task = self._by_pid.pop(pid, None)
        if done is not None:
            done(status)
        elif task is not None:
            task.exited(status)
        elif self._spawned:  # a process that ended before the OCI runtime that started it
            self._early_exits[pid] = status

    def has_live_tasks(self) -> bool:
        """Whether something runs that needs the launcher."""
        return any(task.exit is None for task in self._tasks.values())

    # -------------------------------------------------------------------------------------------------------- adoption
    def adopt(self) -> None:
        """Take up what an earlier launcher left behind."""
        for directory in records.task_directories(self._root):
            record = records.read_record(directory, "task.json")
            if record is None:
                records.remove_task_directory(directory)
                continue
            try:
                self._adopt(directory, record)
            except Exception as error:  # noqa: BLE001 -- one broken task does not keep the others from their launcher
                sys.stderr.write(f"strata-launcher: task {directory.name} cannot be taken up: {error!r}\n")
                self._tasks.pop(directory.name, None)
                records.remove_task_directory(directory)

    def _adopt(self, directory: Path, record: Message) -> None:
        task = self._task_again(directory, TaskSpec.parse(record["spec"]))
        self._tasks[task.name] = task
        task.exit = records.read_record(directory, "exit.json")
        if task.exit is not None:
            task.streams.finish()
            return
        if record.get("boot") == records.boot_id():
            adopt.undo_unfinished_start(directory)
        adopt.reopen_streams(task)
        task.streams.begin()
        pidfd = adopt.surviving_pidfd(directory, record)
        if pidfd is None:
            task.exited(UNKNOWN_STATUS, adopt.lost_reason(record))
            return
        task.pid = records.read_pid(directory)
        self._loop.watch(pidfd, READABLE | HANGUP, lambda mask: self._adopted_ready(task, pidfd, mask))

    def _task_again(self, directory: Path, spec: TaskSpec) -> Task:
        """The task, without its log if that cannot be opened: the process matters more."""
        try:
            return Task(self._loop, directory, spec, self)
        except (OSError, places.NotOurs) as error:
            sys.stderr.write(f"strata-launcher: task {directory.name} goes on without its log: {error}\n")
            return Task(self._loop, directory, spec._replace(log=None), self)

    def _adopted_ready(self, task: Task, pidfd: int, mask: int) -> None:
        status = kernel.exit_code_of(pidfd)
        if status is None and not mask & HANGUP:  # ended, but its parent has not looked yet
            status = kernel.exit_code_of_zombie(task.pid or 0)
            if status is None:
                self._loop.watch(pidfd, HANGUP, lambda mask: self._adopted_ready(task, pidfd, mask))
                return
        self._loop.forget(pidfd)
        os.close(pidfd)
        if status is None:
            task.exited(UNKNOWN_STATUS, adopt.LOST)
        else:
            task.exited(status)
