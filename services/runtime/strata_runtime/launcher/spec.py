"""What a task is: a command of the OCI runtime that leaves a process behind, and where its streams go."""

from pathlib import Path
from typing import Any, NamedTuple

CONSOLE, PID_FILE, ERROR_LOG = "{console}", "{pid}", "{error-log}"
"""Words of ``argv`` that stand for paths of the task."""


class LogSpec(NamedTuple):
    """Log file of a task; ``max_bytes`` 0 never rotates."""

    path: Path
    max_bytes: int
    max_files: int


class TaskSpec(NamedTuple):
    """A ``start`` request, parsed."""

    argv: tuple[str, ...]
    tty: bool
    stdin: bool
    stdin_once: bool
    log: LogSpec | None
    rows: int
    columns: int

    @classmethod
    def parse(cls, message: dict[str, Any]) -> "TaskSpec":
        """Raises KeyError or TypeError for a message that is none."""
        log = message.get("log")
        return cls(
            argv=tuple(map(str, message["argv"])),
            tty=bool(message.get("tty")),
            stdin=bool(message.get("stdin")),
            stdin_once=bool(message.get("stdin_once")),
            log=log and LogSpec(Path(log["path"]), int(log.get("max_bytes", 0)), int(log.get("max_files", 1))),
            rows=int(message.get("rows", 0)),
            columns=int(message.get("columns", 0)),
        )

    def command(self, console: str, directory: Path) -> list[str]:
        """Arguments with the task's paths in place."""
        paths = {CONSOLE: console, PID_FILE: str(directory / "pid"), ERROR_LOG: str(directory / "error.log")}
        return [paths.get(word, word) for word in self.argv]
