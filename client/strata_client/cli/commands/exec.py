"""``strata exec``."""

from strata.runtime.v1.runtime_pb2 import ExecHeader, ExecRequest, ExecResponse, ExecSpec, StreamInput, StreamOutput

from strata_client.cli import terminal
from strata_client.cli.commands.run import status_of_exit
from strata_client.cli.context import Context, warn
from strata_client.cli.detach_keys import DEFAULT, parse_detach_keys
from strata_client.cli.options import Command, flag, many, text
from strata_client.cli.parsing import Line, UsageError
from strata_client.cli.session import Session, Terms
from strata_client.cli.spec.environment import environment


def run(line: Line, context: Context) -> int:
    """Run a further process in a container and end with its exit status."""
    header = _header(line)
    with context.connect() as gateway, gateway.open(ExecRequest, ExecResponse) as stream:
        stream.send(ExecRequest(header=header))
        if header.detach:
            stream.finish_sending()
            failed = [response.output.exit for response in stream if response.output.exit.error]
            return status_of_exit(failed[0]) if failed else 0
        terms = Terms(
            sends_stdin=header.spec.stdin,
            is_tty=header.spec.tty,
            detach_keys=parse_detach_keys(line.text("detach-keys")),
            proxies_signals=False,
        )
        ended = Session(gateway.channel, stream, _wrap, _output, terms).run()
    if ended.is_detached:
        warn("\nstrata: detached; the command goes on")
        return 0
    return status_of_exit(ended.exit)


def _header(line: Line) -> ExecHeader:
    container, *command = line.arguments
    is_detached, is_tty = line.flag("detach"), line.flag("tty")
    sends_stdin = line.flag("interactive") and not is_detached
    if sends_stdin and is_tty and not terminal.is_terminal(0):
        raise UsageError("the input device is not a terminal: leave out -t, or run it from one")
    spec = ExecSpec(
        command=command,
        env=environment(line.many("env"), line.many("env-file")),
        working_dir=line.text("workdir"),
        user=line.text("user"),
        tty=is_tty,
        stdin=sends_stdin,
        stdout=not is_detached,
        stderr=not is_detached,
        privileged=line.flag("privileged"),
    )
    size = terminal.size_of() if is_tty else None
    return ExecHeader(container=container, spec=spec, terminal_size=size, detach=is_detached)


def _wrap(message: StreamInput) -> ExecRequest:
    return ExecRequest(input=message)


def _output(response: ExecResponse) -> StreamOutput | None:
    return response.output


COMMANDS = {
    "exec": Command(
        name="exec",
        usage="CONTAINER COMMAND [ARG...]",
        summary="Run a command in a running container",
        run=run,
        least=2,
        most=None,
        is_passthrough=True,
        options=(
            flag("-d --detach", "Run it in the background"),
            text("--detach-keys", "KEYS", "Keys that leave it running and come back here", DEFAULT),
            many("-e --env", "NAME[=VALUE]", "Set a variable besides the container's"),
            many("--env-file", "FILE", "Read variables from a file", complete="file"),
            flag("-i --interactive", "Send it our stdin"),
            flag("--privileged", "All capabilities"),
            flag("-t --tty", "Give it a terminal"),
            text("-u --user", "USER[:GROUP]", "Run as this user, by name or number"),
            text("-w --workdir", "DIR", "Working directory inside"),
        ),
        notes="The exit status is the command's own: 126 when it cannot be run, 127 when it is not there.",
        examples="""
            strata exec -it web bash  # a shell in it
            strata exec -u root web apt-get update  # as another user
            strata exec -i db psql < dump.sql  # our file as its stdin
        """,
        complete=("running", "command"),
    )
}
