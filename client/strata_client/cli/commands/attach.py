"""``strata attach``."""

from strata.runtime.v1.container_pb2 import Container
from strata.runtime.v1.runtime_pb2 import (
    AttachHeader,
    AttachRequest,
    AttachResponse,
    GetContainerRequest,
    GetContainerResponse,
    StreamInput,
    StreamOutput,
    TerminalSize,
)

from strata_client.cli import terminal
from strata_client.cli.commands.run import status_of_exit
from strata_client.cli.context import Context, warn
from strata_client.cli.detach_keys import DEFAULT, parse_detach_keys
from strata_client.cli.options import Command, flag, text
from strata_client.cli.parsing import Line, UsageError
from strata_client.cli.session import Session, Terms
from strata_client.gateway import Gateway
from strata_client.wire.channel import Stream


def run(line: Line, context: Context) -> int:
    """Connect to a running container and end with its exit status."""
    name = line.arguments[0]
    with context.connect() as gateway:
        container = find(gateway, name)
        if container.state not in {Container.STATE_RUNNING, Container.STATE_PAUSED}:
            raise UsageError(f"container {name} does not run: 'strata start -ai {name}' starts it and attaches")
        return attach(gateway, container, line, sends_stdin=not line.flag("no-stdin"), starts=False)


def find(gateway: Gateway, name: str) -> Container:
    """The container of a name or ID."""
    return gateway.call(GetContainerRequest(container=name), GetContainerResponse).container


def attach(gateway: Gateway, container: Container, line: Line, *, sends_stdin: bool, starts: bool) -> int:
    """Serve a container's streams with this terminal; ``starts`` it once connected, so that nothing is missed."""
    sends_stdin = sends_stdin and container.spec.open_stdin
    is_tty = container.spec.tty
    if sends_stdin and is_tty and not terminal.is_terminal(0):
        raise UsageError("the input device is not a terminal: run it from one, or leave stdin alone (--no-stdin)")
    header = AttachHeader(
        container=container.id,
        stdin=sends_stdin,
        stdout=True,
        stderr=True,
        start=starts,
        terminal_size=terminal.size_of() if is_tty else None,
    )
    terms = Terms(
        sends_stdin=sends_stdin,
        is_tty=is_tty,
        detach_keys=parse_detach_keys(line.text("detach-keys")),
        proxies_signals=line.flag("sig-proxy"),
    )
    with gateway.open(AttachRequest, AttachResponse) as stream:
        stream.send(AttachRequest(header=header))
        if is_tty and not starts:
            _ask_to_redraw(stream)
        come_back = f"'strata attach {container.name}' connects again"
        ended = Session(gateway.channel, stream, _wrap, terms).run(_output, f"the container goes on: {come_back}")
    if ended.is_detached:
        warn(f"\nstrata: detached; {come_back}")
        return 0
    return status_of_exit(ended.exit)


def _ask_to_redraw(stream: Stream[AttachResponse]) -> None:
    """Change the size twice: a program that sees its terminal's size change draws everything again."""
    if (size := terminal.size_of()) is not None:
        for height in (size.height + 1, size.height):
            stream.send(_wrap(StreamInput(resize=TerminalSize(width=size.width, height=height))))


def _wrap(message: StreamInput) -> AttachRequest:
    return AttachRequest(input=message)


def _output(response: AttachResponse) -> StreamOutput | None:
    return response.output


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
