"""``strata attach``."""

from strata.runtime.v1.container_pb2 import Container
from strata.runtime.v1.runtime_pb2 import AttachRequest, AttachResponse, GetContainerRequest, GetContainerResponse

from strata_client.cli import terminal
from strata_client.cli.attaching import ask_to_redraw, attach_request, output_of, wrap
from strata_client.cli.commands.run import status_of_exit
from strata_client.cli.context import Context, warn
from strata_client.cli.detach_keys import DEFAULT, parse_detach_keys
from strata_client.cli.options import Command, flag, text
from strata_client.cli.parsing import Line, UsageError
from strata_client.cli.resuming import run_resumably
from strata_client.cli.session import Session, Terms
from strata_client.gateway import Gateway


def run(line: Line, context: Context) -> int:
    """Connect to a running container and end with its exit status."""
    name = line.arguments[0]
    with context.connect() as gateway:
        container = find(gateway, name)
        if container.state not in {Container.STATE_RUNNING, Container.STATE_PAUSED}:
            raise UsageError(f"container {name} does not run: 'strata start -ai {name}' starts it and attaches")
        return attach(context, gateway, container, line, sends_stdin=not line.flag("no-stdin"), starts=False)


def find(gateway: Gateway, name: str) -> Container:
    """The container of a name or ID."""
    return gateway.call(GetContainerRequest(container=name), GetContainerResponse).container


def attach(
    context: Context, gateway: Gateway, container: Container, line: Line, *, sends_stdin: bool, starts: bool
) -> int:
    """Serve a container's streams with this terminal; ``starts`` it once connected, so that nothing is missed."""
    sends_stdin = sends_stdin and container.spec.open_stdin
    is_tty = container.spec.tty
    if sends_stdin and is_tty and not terminal.is_terminal(0):
        raise UsageError("the input device is not a terminal: run it from one, or leave stdin alone (--no-stdin)")
    terms = Terms(
        sends_stdin=sends_stdin,
        is_tty=is_tty,
        detach_keys=parse_detach_keys(line.text("detach-keys")),
        proxies_signals=line.flag("sig-proxy"),
        is_resumable=is_tty,
    )
    with gateway.open(AttachRequest, AttachResponse) as stream:
        stream.send(attach_request(container, terms, starts=starts))
        if is_tty and not starts:
            ask_to_redraw(stream)
        session = Session(gateway.channel, stream, wrap, output_of, terms)
        ended = run_resumably(context, container, session)
    if ended.is_detached:
        warn(f"\nstrata: detached; 'strata attach {container.name}' connects again")
        return 0
    return status_of_exit(ended.exit)


COMMANDS = {
    "attach": Command(
        name="attach",
        usage="CONTAINER",
        summary="Connect this terminal to a running container",
        run=run,
        least=1,
        most=1,
        options=(
            text("--detach-keys", "KEYS", "Keys that leave it running and come back here", DEFAULT),
            flag("--no-stdin", "Do not send it our stdin"),
            flag("--sig-proxy", "Hand signals on to it", default="true"),
        ),
        notes="Ctrl-P Ctrl-Q leaves a container that has a terminal, and lets it run. Ctrl-C reaches the container.",
        examples="strata attach web  # see what it writes from now on",
        complete=("running",),
    )
}
