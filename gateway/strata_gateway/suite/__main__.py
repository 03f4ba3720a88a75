"""The commands ``up``, ``down``, ``restart`` and ``status`` over the whole suite."""

import argparse
import contextlib
import dataclasses
import fcntl
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from strata_gateway.suite.down import bring_down, end_children, has_children, stop
from strata_gateway.suite.failure import SuiteFailure
from strata_gateway.suite.process import read_pid_file
from strata_gateway.suite.services import SERVICES, Layout, service_named
from strata_gateway.suite.status import suite_status
from strata_gateway.suite.teardown import remove_containers, remove_run_folder
from strata_gateway.suite.up import bring_up

_EPILOG = """\
Containers live on when the suite goes down or a service restarts; only `down --containers` ends them.
Logs of the services are in STATE/logs, where STATE is /var/lib/strata or DIR/state.
"""


def parser() -> argparse.ArgumentParser:
    """The grammar of the command line."""
    top = argparse.ArgumentParser(prog="strata_gateway.suite", description=__doc__, epilog=_EPILOG)
    commands = top.add_subparsers(dest="command", required=True)
    every = argparse.ArgumentParser(add_help=False)
    every.add_argument("--root", type=Path, metavar="DIR", help="a private suite in DIR/run and DIR/state")
    commands.add_parser("up", parents=[every], help="start what does not run yet, and wait until all is ready")
    down = commands.add_parser("down", parents=[every], help="stop the services; containers go on running")
    down.add_argument("--containers", action="store_true", help="also remove all containers, mounts and networks")
    restart = commands.add_parser("restart", parents=[every], help="restart one service; containers go on running")
    restart.add_argument("service", choices=[service.name for service in SERVICES])
    status = commands.add_parser("status", parents=[every], help="say which services run and serve")
    status.add_argument("--json", action="store_true", help="one JSON document instead of lines")
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; 0 when it did what was asked, 1 with a sentence on stderr when not."""
    arguments = parser().parse_args(argv)
    layout = Layout.below(arguments.root.resolve() if arguments.root else None)
    try:
        if arguments.command == "status":
            return _show_status(layout, as_json=arguments.json)
        _check_is_root(arguments.command)
        with _exclusively(layout):
            _COMMANDS[arguments.command](layout, arguments)
    except SuiteFailure as failure:
        sys.stderr.write(f"strata: {failure}\n")
        return 1
    return 0


def _check_is_root(command: str) -> None:
    if os.geteuid() != 0:
        message = f"`{command}` needs root: the runtime mounts images and makes namespaces"
        raise SuiteFailure(message)


def _up(layout: Layout, _: argparse.Namespace) -> None:
    bring_up(layout, _tell)


def _down(layout: Layout, arguments: argparse.Namespace) -> None:
    if not arguments.containers:
        # The launcher holds the containers' output and waits for their ends: it stays as long as they do.
        bring_down(layout, _tell, keep=("launcher",) if has_children(layout) else ())
        return
    failures = [
        *_attempt(lambda: bring_up(layout, _say_nothing)),
        # The runtime alone can take its containers, networks and mounts down, whatever else does not start.
        *_attempt(lambda: bring_up(layout, _say_nothing, only=("launcher", "runtime"))),
        *_attempt(lambda: remove_containers(layout, _tell)),
    ]
    end_children(layout)
    bring_down(layout, _tell)
    remove_run_folder(layout)
    for failure in failures:
        sys.stderr.write(f"strata: on the way: {failure}\n")


def _attempt(step: Callable[[], None]) -> list[SuiteFailure]:
    """The failure of a step, if any: the host is cleaned all the same."""
    try:
        step()
    except SuiteFailure as failure:
        return [failure]
    return []


def _restart(layout: Layout, arguments: argparse.Namespace) -> None:
    service = service_named(arguments.service)
    if read_pid_file(layout.pid_file(service)):
        stop(layout, service, _tell)
    bring_up(layout, _tell, only=(service.name,))


_COMMANDS = {"up": _up, "down": _down, "restart": _restart}


def _show_status(layout: Layout, *, as_json: bool) -> int:
    statuses = suite_status(layout)
    if as_json:
        _tell(json.dumps([dataclasses.asdict(status) for status in statuses]))
    else:
        for status in statuses:
            _tell(f"{status.service:<10}{status.state:<11}{status.pid or '-'}")
    return 0 if all(status.state == "ready" for status in statuses) else 1


@contextlib.contextmanager
def _exclusively(layout: Layout) -> Iterator[None]:
    """Two commands over the same suite wait for each other."""
    layout.state_dir.mkdir(parents=True, exist_ok=True)
    with (layout.state_dir / "suite.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _tell(line: str) -> None:
    try:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read along has seen enough; the work goes on
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _say_nothing(_: str) -> None:
    pass


if __name__ == "__main__":
    sys.exit(main())
