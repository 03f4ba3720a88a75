"""One task: a process that the OCI runtime left behind, from its start to its exit record."""

import contextlib
import os
import time
from pathlib import Path
from typing import Any, Protocol

from strata_runtime.launcher import kernel, protocol, records, stdio
from strata_runtime.launcher.attachment import Attachment, Wishes
from strata_runtime.launcher.client import Client
from strata_runtime.launcher.logfile import LogFile
from strata_runtime.launcher.loop import READABLE, Loop
from strata_runtime.launcher.spec import TaskSpec
from strata_runtime.launcher.streams import Streams

UNKNOWN_STATUS = 255
"""What is reported when nobody saw the process end."""
START_FAILED = 128
ERROR_BYTES = 16384
_TERMINAL_GRACE_S = 0.2
_RETRY_S = 1.0


class TaskWatcher(Protocol):
    """Who is told what becomes of tasks."""

    def task_exited(self, task: "Task") -> None:
        """It has ended, and everything of it is written down."""

    def task_has_terminal(self, task: "Task") -> None:
        """Its terminal has come."""


class Task:
    """A container's first process or an exec session."""

    __slots__ = (
        "_console",
        "_loop",
        "_on_exit",
        "_on_terminal",
        "directory",
        "exit",
        "is_ending",
        "name",
        "pid",
        "spec",
        "streams",
    )

    def __init__(self, loop: Loop, directory: Path, spec: TaskSpec, watcher: "TaskWatcher") -> None:
        self.name = directory.name
        self.directory = directory
        self.spec = spec
        self.pid: int | None = None
        self.exit: dict[str, Any] | None = None
        self.is_ending = False
        log = spec.log and LogFile(spec.log.path, spec.log.max_bytes, spec.log.max_files)
        self.streams = Streams(loop, log or None)
        self._loop = loop
        self._on_exit = watcher.task_exited
        self._on_terminal = watcher.task_has_terminal
        self._console: tuple[Any, str] | None = None

    # --------------------------------------------------------------------------------------------------------- clients
    def attach(self, client: Client, wishes: Wishes) -> None:
        """Connect a client to the streams."""
        self.streams.attachments.append(Attachment(self, client, wishes))
        client.pause_reading(paused=False)

    def detach(self, attachment: Attachment) -> None:
        """Forget a client; the last user of an input that is for one session only ends it."""
        if attachment not in self.streams.attachments:
            return
        self.streams.attachments.remove(attachment)
        attachment.client.attachment = None
        if attachment.wishes.stdin and self.spec.stdin_once:
            self.streams.close_input()
        self.streams.resume_output()

    def log_position(self) -> dict[str, int]:
        """Where the log's next record goes."""
        return self.streams.log_position()

    def resume_output(self) -> None:
        """A slow client has caught up."""
        self.streams.resume_output()

    def resize(self, rows: int, columns: int) -> None:
        """Set the terminal's size, now or when it comes."""
        if self.streams.tty_fd is not None:
            stdio.resize(self.streams.tty_fd, rows, columns)

    # ----------------------------------------------------------------------------------------------------------- start
    def spawn(self, environment: dict[str, str], console_path: str) -> int:
        """Start the OCI runtime; returns its process id. Raises OSError."""
        null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        theirs = [null]
        try:
            stdin = self._make_input(theirs) if self.spec.stdin and not self.spec.tty else null
            stdout, stderr = (null, null) if self.spec.tty else self._make_outputs(theirs)
            if self.spec.tty:
                self._await_console(console_path)
            return spawn(self.spec.command(console_path, self.directory), environment, (stdin, stdout, stderr))
        finally:
            for fd in theirs:
                os.close(fd)

    def _make_input(self, theirs: list[int]) -> int:
        ours, their = stdio.make_input(self.directory)
        theirs.append(their)
        self.streams.set_input(ours)
        return their

    def _make_outputs(self, theirs: list[int]) -> tuple[int, int]:
        fds = []
        for stream, name in ((protocol.STDOUT, "stdout"), (protocol.STDERR, "stderr")):
            ours, their = stdio.make_output(self.directory, name)
            theirs.append(their)
            fds.append(their)
            self.streams.add_output(ours, stream)
        return fds[0], fds[1]

    def _await_console(self, path: str) -> None:
        listener = stdio.listen_for_console(path)
        self._console = (listener, path)
        self._loop.watch(listener.fileno(), READABLE, lambda _: self._take_console())

    def _take_console(self) -> None:
        if self._console is None:
            return
        try:
            terminal = stdio.receive_console(self._console[0])
        except OSError:
            return  # the OCI runtime reports what went wrong
        finally:
            self._drop_console()
        stdio.resize(terminal, self.spec.rows, self.spec.columns)
        self.streams.add_terminal(terminal)
        self._on_terminal(self)

    def restore_terminal(self, terminal: int) -> None:
        """Use a terminal again that somebody kept while there was no launcher."""
        os.set_blocking(terminal, False)
        self.streams.add_terminal(terminal)

    def _drop_console(self) -> None:
        if self._console is not None:
            listener, path = self._console
            self._console = None
            self._loop.forget(listener.fileno())
            listener.close()
            os.unlink(path)  # noqa: PTH108 -- pathlib costs memory per object, and this is the launcher

    def started(self) -> int | None:
        """The OCI runtime succeeded: take note of the process it left. None if it left no pid."""
        self._take_console()  # its packet may be behind the exit of its sender in this round
        self.pid = records.read_pid(self.directory)
        if self.pid is not None:
            running = {"pid": self.pid, "start_ticks": kernel.start_ticks(self.pid)}
            with contextlib.suppress(OSError):  # without it, a later launcher goes by the OCI runtime's pid file
                records.write_record(self.directory, "running.json", running)
            self.streams.begin()
        return self.pid

    def failed(self) -> str:
        """The OCI runtime failed: end the clients' streams and clean up; returns what it said."""
        self._drop_console()
        event = {"event": "exit", "task": self.name, "status": START_FAILED, "reason": "it did not start"}
        for attachment in self.streams.attachments:
            attachment.client.send_message(event)
        self.streams.abandon()
        return read_tail(self.directory / "error.log")

    # ------------------------------------------------------------------------------------------------------------ exit
    def exited(self, status: int, reason: str = "") -> None:
        """The process has ended: deliver the rest of its output, then its status."""
        self.exit = {"status": status, "finished_ns": time.time_ns()} | ({"reason": reason} if reason else {})
        if self.streams.drain():
            self.is_ending = True
            self._loop.call_later(_TERMINAL_GRACE_S, self._finish_terminal)
        else:
            self._finish()

    def _finish_terminal(self) -> None:
        self.streams.drain()
        self._finish()

    def _finish(self) -> None:
        self.is_ending = False
        self._write_exit()
        event = {"event": "exit", "task": self.name, **(self.exit or {})}
        for attachment in self.streams.attachments:
            attachment.client.send_message(event)
        self.streams.finish()
        self._on_exit(self)

    def _write_exit(self) -> None:
        """Write the exit down. A full disk holds nobody up: the exit is told all the same, and written when it can be.

        A directory that is gone was forgotten meanwhile.
        """
        try:
            records.write_record(self.directory, "exit.json", self.exit or {})
        except FileNotFoundError:
            return
        except OSError:
            self._loop.call_later(_RETRY_S, self._write_exit)


def spawn(command: list[str], environment: dict[str, str], stdio_fds: tuple[int, int, int]) -> int:
    """Start a program with three descriptors and nothing else of ours; returns its process id."""
    actions = [(os.POSIX_SPAWN_DUP2, fd, number) for number, fd in enumerate(stdio_fds)]
    return os.posix_spawn(
        command[0], command, environment, file_actions=actions, setsigdef=kernel.restored_signals(), setsigmask=()
    )


def read_tail(path: Path) -> str:
    """The end of a small text file, "" if there is none."""
    try:
        with path.open("rb") as file:
            return file.read(ERROR_BYTES).decode(errors="replace")
    except FileNotFoundError:
        return ""
