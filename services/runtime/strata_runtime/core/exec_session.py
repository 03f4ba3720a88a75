"""Exec sessions as values, and those of this process's life."""

from collections.abc import Iterator
from dataclasses import dataclass

from strata_chassis.errors import NotFound

EXEC_TASK_PREFIX = "exec-"
"""What the launcher's tasks of exec sessions are called by."""


@dataclass(frozen=True, slots=True)
class ExecSpec:
    """A further process. Source: strata.runtime.v1.ExecSpec."""

    command: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    working_dir: str = ""
    user: str = ""
    tty: bool = False
    stdin: bool = False
    stdout: bool = False
    stderr: bool = False
    privileged: bool = False
    detach_keys: str = ""


@dataclass(frozen=True, slots=True)
class ExecSession:
    """A session, from its making to an hour after its end."""

    id: str
    container_id: str
    spec: ExecSpec
    pid: int = 0
    is_running: bool = False
    exit_code: int | None = None


class ExecSessions:
    """The sessions of this process's life."""

    def __init__(self) -> None:
        self._sessions: dict[str, ExecSession] = {}
        self._id_by_request: dict[str, str] = {}

    def __iter__(self) -> Iterator[ExecSession]:
        return iter(list(self._sessions.values()))

    def find(self, exec_id: str) -> ExecSession:
        """One session. Raises NotFound."""
        session = self._sessions.get(exec_id)
        if session is None:
            raise NotFound(f"no such exec session: {exec_id}", reason="EXEC_UNKNOWN", metadata={"exec": exec_id})
        return session

    def by_request(self, request_id: str) -> ExecSession | None:
        """The session that a request made before."""
        return self._sessions.get(self._id_by_request.get(request_id, "")) if request_id else None

    def put(self, session: ExecSession, request_id: str = "") -> None:
        """Remember a session as it is now."""
        self._sessions[session.id] = session
        if request_id:
            self._id_by_request[request_id] = session.id

    def drop(self, exec_id: str) -> None:
        """Forget a session."""
        self._sessions.pop(exec_id, None)
