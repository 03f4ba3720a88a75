"""``strata start``."""

from strata.runtime.v1.runtime_pb2 import StartContainerRequest, StartContainerResponse

from strata_client.cli.commands.attach import attach, find
from strata_client.cli.context import Context
from strata_client.cli.detach_keys import DEFAULT
from strata_client.cli.failure import for_each
from strata_client.cli.options import Command, flag, text
from strata_client.cli.parsing import Line, UsageError


def run(line: Line, context: Context) -> int:
    """Start containers; one alone may be attached to."""
    is_attached = line.flag("attach") or line.flag("interactive")
    if is_attached and len(line.arguments) > 1:
        raise UsageError("only one container can be attached to: leave out -a and -i, or name one")
    with context.connect() as gateway:
        if is_attached:
            container = find(gateway, line.arguments[0])
            return attach(context, gateway, container, line, sends_stdin=line.flag("interactive"), starts=True)

        def start(name: str) -> str:
            gateway.call(StartContainerRequest(container=name), StartContainerResponse)
            return name

        return for_each(line.arguments, start)


COMMANDS = {
    "start": Command(
        name="start",
        usage="CONTAINER [CONTAINER...]",
        summary="Start stopped containers",
        run=run,
        least=1,
        most=None,
        options=(
            flag("-a --attach", "Show what it writes, hand signals on, end with its exit status"),
            text("--detach-keys", "KEYS", "Keys that leave it running and come back here", DEFAULT),
            flag("-i --interactive", "Send it our stdin"),
            flag("--sig-proxy", "Hand signals on to it", default="true"),
        ),
        examples="""
            strata start web db  # in the background
            strata start -ai shell  # go on in a shell that was left
        """,
        complete=("stopped",),
    )
}
