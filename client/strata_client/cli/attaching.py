"""The messages of an Attach session."""

from strata.runtime.v1.container_pb2 import Container
from strata.runtime.v1.runtime_pb2 import (
    AttachHeader,
    AttachRequest,
    AttachResponse,
    StreamInput,
    StreamOutput,
    TerminalSize,
)

from strata_client.cli import terminal
from strata_client.cli.session import Terms
from strata_client.wire.channel import Stream


def attach_request(container: Container, terms: Terms, *, starts: bool = False, replays: bool = False) -> AttachRequest:
    """Begin a session; ``replays`` asks for all that the container has written so far."""
    header = AttachHeader(
        container=container.id,
        stdin=terms.sends_stdin,
        stdout=True,
        stderr=True,
        start=starts,
        logs=replays,
        terminal_size=terminal.size_of() if terms.is_tty else None,
    )
    return AttachRequest(header=header)


def ask_to_redraw(stream: Stream[AttachResponse]) -> None:
    """Change the size twice: a program that sees its terminal's size change draws everything again."""
    if (size := terminal.size_of()) is not None:
        for height in (size.height + 1, size.height):
            stream.send(wrap(StreamInput(resize=TerminalSize(width=size.width, height=height))))


def wrap(message: StreamInput) -> AttachRequest:
    """Make a request of an input."""
    return AttachRequest(input=message)


def output_of(response: AttachResponse) -> StreamOutput | None:
    """Take the output out of a response."""
    return response.output
