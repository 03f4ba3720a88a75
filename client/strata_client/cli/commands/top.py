"""``strata top``."""

import pwd
import time

from strata.runtime.v1.runtime_pb2 import ListProcessesRequest, ListProcessesResponse

from strata_client.cli.context import Context
from strata_client.cli.options import Command
from strata_client.cli.parsing import Line
from strata_client.cli.quantities import seconds_of
from strata_client.cli.tables import print_lines

_HEADINGS = ["UID", "PID", "PPID", "STIME", "TTY", "TIME", "CMD"]
_DAY_S = 24 * 3600


def run(line: Line, context: Context) -> int:
    """Print a container's processes, with their numbers on the host."""
    with context.connect() as gateway:
        request = ListProcessesRequest(container=line.arguments[0])
        processes = gateway.call(request, ListProcessesResponse).processes
    print_lines([_HEADINGS, *(_cells(process) for process in processes)])
    return 0


def _cells(process: ListProcessesResponse.Process) -> list[str]:
    started = seconds_of(process.start_time)
    is_today = time.time() - started < _DAY_S
    cpu_s = process.cpu_ns // 10**9
    return [
        _user(process.uid),
        str(process.pid),
        str(process.ppid),
        time.strftime("%H:%M" if is_today else "%b%d", time.localtime(started)),
        process.tty or "?",
        f"{cpu_s // 3600:02}:{cpu_s // 60 % 60:02}:{cpu_s % 60:02}",
        process.command,
    ]


def _user(uid: int) -> str:
    """Name that the host gives to a user, as ps shows it."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


COMMANDS = {
    "top": Command(
        name="top",
        usage="CONTAINER",
        summary="Show the processes of a container, with their numbers on the host",
        run=run,
        least=1,
        most=1,
        examples="strata top web  # who runs in it, since when",
        complete=("running",),
    )
}
