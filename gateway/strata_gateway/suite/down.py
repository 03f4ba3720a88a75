"""Stop the suite: the door first, what it stands on last; containers stay unless they are to go."""

import contextlib
import os
import signal
from collections.abc import Callable, Collection
from pathlib import Path

from strata_gateway.suite.process import end, read_pid_file
from strata_gateway.suite.services import SERVICES, Layout, Service, service_named

GRACE_S = 10.0


def bring_down(layout: Layout, tell: Callable[[str], None], keep: Collection[str] = ()) -> None:
    """End the services in the reverse of their order, but those in ``keep``."""
    for service in reversed(SERVICES):
        if service.name not in keep:
            stop(layout, service, tell)


def has_children(layout: Layout) -> bool:
    """Whether the launcher looks after processes of containers."""
    return bool(_children(layout))


def end_children(layout: Layout) -> None:
    """Kill whatever processes of containers are left, by which their namespaces end too."""
    for pid in _children(layout):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _children(layout: Layout) -> list[int]:
    launcher = read_pid_file(layout.pid_file(service_named("launcher")))
    if launcher is None:
        return []
    children = Path(f"/proc/{launcher.pid}/task/{launcher.pid}/children")
    return [int(pid) for pid in children.read_text(encoding="ascii").split()]


def stop(layout: Layout, service: Service, tell: Callable[[str], None]) -> None:
    """End one service; nothing happens when it does not run."""
    process = read_pid_file(layout.pid_file(service))
    if process is not None:
        ended = end(process, GRACE_S)
        tell(f"{service.name}: {'stopped' if ended else f'killed, it did not stop within {GRACE_S:.0f} s'}")
    layout.pid_file(service).unlink(missing_ok=True)
