"""Start whatever of the suite does not run yet, as much of it in parallel as the order allows."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Collection

from strata_gateway.suite.failure import SuiteFailure
from strata_gateway.suite.folders import ensure_account, prepare
from strata_gateway.suite.process import Process, read_pid_file, start_daemon, write_pid_file
from strata_gateway.suite.readiness import ReadyListener
from strata_gateway.suite.services import SERVICES, Layout, Service, command_line, private_settings

READY_WITHIN_S = 30.0
_LOG_LINES_SHOWN = 5


def bring_up(layout: Layout, tell: Callable[[str], None], only: Collection[str] = ()) -> None:
    """Start the services that are not running (``only`` these when given) and wait until all are ready."""
    account = ensure_account()
    prepare(layout, account)
    wanted = [service for service in SERVICES if not only or service.name in only]
    missing = [service for service in wanted if read_pid_file(layout.pid_file(service)) is None]
    with ReadyListener(layout.run_dir / f"notify-{os.getpid()}.sock", account.pw_gid) as listener:
        _Start(layout, listener, tell).run(missing)


class _Start:
    """One pass of starting: which services wait, which were started, which failed.

    A service that fails does not keep the others from starting, only those that need it.
    """

    def __init__(self, layout: Layout, listener: ReadyListener, tell: Callable[[str], None]) -> None:
        self._layout = layout
        self._listener = listener
        self._tell = tell
        self._started: dict[int, tuple[Service, float, subprocess.Popen[bytes]]] = {}
        self._failures: dict[str, str] = {}

    def run(self, services: Collection[Service]) -> None:
        deadline = time.monotonic() + READY_WITHIN_S
        waiting = list(services)
        pending = {service.name for service in services}
        while waiting or self._started:
            waiting = [service for service in waiting if not self._failures.keys() & set(service.needs)]
            startable = [service for service in waiting if not pending & set(service.needs)]
            for service in startable:
                self._start(service)
            waiting = [service for service in waiting if service not in startable]
            pending -= self._await_some(deadline)
        if self._failures:
            raise SuiteFailure("\n".join(self._failures.values()))

    def _start(self, service: Service) -> None:
        environment = private_settings(self._layout) | os.environ | {"NOTIFY_SOCKET": str(self._listener.path)}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # every start would compile everything
        command = command_line(service, self._layout, sys.executable)
        child = start_daemon(command, self._layout.log_file(service), environment)
        process = Process.of(child.pid)
        if process is not None:
            write_pid_file(self._layout.pid_file(service), process)
        self._started[child.pid] = (service, time.monotonic(), child)

    def _await_some(self, deadline: float) -> set[str]:
        """Names of the services that need not be waited for any more: they became ready, or failed."""
        if not self._started:
            return set()
        ready, ended = self._listener.wait(self._started, deadline)
        settled = {self._note_ready(pid) for pid in ready}
        if time.monotonic() >= deadline:
            ended = set(self._started)
        return settled | {self._note_failed(pid) for pid in ended - ready}

    def _note_ready(self, pid: int) -> str:
        service, since, child = self._started.pop(pid)
        child.returncode = 0  # it outlives us: nobody waits for it
        self._tell(f"{service.name}: ready after {time.monotonic() - since:.2f} s")
        return service.name

    def _note_failed(self, pid: int) -> str:
        service, _, child = self._started.pop(pid)
        log = self._layout.log_file(service)
        status = child.poll()
        child.returncode = status or 0
        what = f"was not ready within {READY_WITHIN_S:.0f} s" if status is None else f"ended with status {status}"
        tail = log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LOG_LINES_SHOWN:]
        self._failures[service.name] = "\n  ".join([f"{service.name} {what}; the end of {log}:", *tail])
        return service.name
