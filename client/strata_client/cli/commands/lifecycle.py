"""Commands that do one thing to each of several containers: stop, restart, kill, pause, unpause, wait."""

from collections.abc import Callable

from google.protobuf.duration_pb2 import Duration

from strata.runtime.v1 import runtime_pb2 as pb
from strata_client.cli.context import Context
from strata_client.cli.failure import for_each
from strata_client.cli.options import Command, Option, text
from strata_client.cli.parsing import Line
from strata_client.gateway import Gateway

_USAGE = "CONTAINER [CONTAINER...]"
_SIGNAL = text("-s --signal", "SIGNAL", "Signal to send instead of the container's own", complete="signal")
_TIMEOUT = text("-t --time --timeout", "SECONDS", "How long to wait before killing it")

Act = Callable[[Gateway, Line, str], str | None]


def _stop(gateway: Gateway, line: Line, name: str) -> str:
    request = pb.StopContainerRequest(container=name, signal=line.text("signal"), timeout=_timeout(line))
    gateway.call(request, pb.StopContainerResponse)
    return name


def _restart(gateway: Gateway, line: Line, name: str) -> str:
    request = pb.RestartContainerRequest(container=name, signal=line.text("signal"), timeout=_timeout(line))
    gateway.call(request, pb.RestartContainerResponse)
    return name


def _timeout(line: Line) -> Duration | None:
    seconds = line.number("timeout")
    return None if seconds is None else Duration(seconds=max(seconds, 0))


def _kill(gateway: Gateway, line: Line, name: str) -> str:
    gateway.call(pb.KillContainerRequest(container=name, signal=line.text("signal")), pb.KillContainerResponse)
    return name


def _pause(gateway: Gateway, _line: Line, name: str) -> str:
    gateway.call(pb.PauseContainerRequest(container=name), pb.PauseContainerResponse)
    return name


def _unpause(gateway: Gateway, _line: Line, name: str) -> str:
    gateway.call(pb.ResumeContainerRequest(container=name), pb.ResumeContainerResponse)
    return name


def _wait(gateway: Gateway, _line: Line, name: str) -> str:
    return str(gateway.call(pb.WaitContainerRequest(container=name), pb.WaitContainerResponse).exit_code)


def _command(name: str, summary: str, act: Act, options: tuple[Option, ...] = (), examples: str = "") -> Command:
    def run(line: Line, context: Context) -> int:
        with context.connect() as gateway:
            return for_each(line.arguments, lambda container: act(gateway, line, container))

    return Command(name, _USAGE, summary, run, options, least=1, most=None, examples=examples, complete=("container",))


COMMANDS = {
    "stop": _command(
        "stop",
        "Stop running containers: ask them with their stop signal, then kill them",
        _stop,
        (_SIGNAL, _TIMEOUT),
        """
            strata stop web  # SIGTERM, ten seconds, SIGKILL
            strata stop -t 60 db  # a minute to write everything down
            strata stop $(strata ps -q)  # all of them
        """,
    ),
    "restart": _command(
        "restart",
        "Stop containers and start them again",
        _restart,
        (_SIGNAL, _TIMEOUT),
        "strata restart -t 1 web  # a second to stop, then start again",
    ),
    "kill": _command(
        "kill",
        "Send a signal to running containers",
        _kill,
        (text("-s --signal", "SIGNAL", "Signal to send", "KILL", complete="signal"),),
        "strata kill -s HUP web  # most servers read their settings again",
    ),
    "pause": _command("pause", "Freeze all processes of containers", _pause),
    "unpause": _command("unpause", "Let frozen containers go on", _unpause),
    "wait": _command(
        "wait",
        "Wait until containers stop, and print their exit statuses",
        _wait,
        (),
        "strata wait job && echo done  # the status is printed, not returned",
    ),
}
