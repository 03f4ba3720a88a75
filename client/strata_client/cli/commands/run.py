"""``strata run``."""

import sys

from strata.gateway.v1.gateway_pb2 import CreateContainerResponse, PullResponse, RunHeader, RunRequest, RunResponse
from strata.runtime.v1.runtime_pb2 import ExitStatus, StreamInput, StreamOutput

from strata_chassis.errors import Internal
from strata_chassis.errors_exit import ENGINE_FAILED
from strata_client.cli import terminal
from strata_client.cli.context import Context, say, warn
from strata_client.cli.detach_keys import DEFAULT, parse_detach_keys
from strata_client.cli.making import create_request, report_created
from strata_client.cli.names import familiar
from strata_client.cli.options import Command, flag, many, text
from strata_client.cli.parsing import Line, UsageError
from strata_client.cli.progress import PullReport
from strata_client.cli.resuming import run_resumably
from strata_client.cli.run_options import CREATE_OPTIONS
from strata_client.cli.session import Session, Terms
from strata_client.wire.channel import Stream

_STREAMS = {"stdin", "stdout", "stderr"}


def run(line: Line, context: Context) -> int:
    """Create a container and start it; attached, end with its exit status."""
    header = _header(line)
    with context.connect() as gateway, gateway.open(RunRequest, RunResponse) as stream:
        stream.send(RunRequest(header=header))
        created = _wait_until_created(stream, line)
        report_created(line, created)
        if header.detach:
            stream.finish_sending()
            failed = [response.output.exit for response in stream if response.output.exit.error]
            if failed:
                return status_of_exit(failed[0])
            say(created.container.id)
            return 0
        terms = Terms(
            sends_stdin=header.stdin,
            is_tty=line.flag("tty"),
            detach_keys=parse_detach_keys(line.text("detach-keys")),
            proxies_signals=line.flag("sig-proxy"),
            is_resumable=header.stdout and header.stderr,
        )
        session = Session(gateway.channel, stream, _wrap, _output, terms)
        ended = run_resumably(context, created.container, session)
    if ended.is_detached:
        warn(f"\nstrata: detached; 'strata attach {created.container.name}' connects again")
        return 0
    return status_of_exit(ended.exit)


def status_of_exit(status: ExitStatus | None) -> int:
    """Exit status of a command whose process ended so; says why it did not start."""
    if status is None:
        warn("strata: the gateway ended the session without an exit status")
        return ENGINE_FAILED
    if status.error:
        warn(f"strata: {' '.join(status.error.split())}")
    return status.exit_code


def _header(line: Line) -> RunHeader:
    is_detached, is_tty = line.flag("detach"), line.flag("tty")
    streams = {stream.lower() for stream in line.many("attach")}
    if unknown := streams - _STREAMS:
        raise UsageError(f"invalid stream {min(unknown)!r} for --attach: there are stdin, stdout and stderr")
    if is_detached and line.flag("rm") and streams:
        raise UsageError("conflicting options: --attach and --detach")
    sends_stdin = line.flag("interactive") and not is_detached and (not streams or "stdin" in streams)
    if sends_stdin and is_tty and not terminal.is_terminal(0):
        raise UsageError("the input device is not a terminal: leave out -t, or run it from one")
    return RunHeader(
        create=create_request(line, is_attached=not is_detached),
        stdin=sends_stdin,
        stdout=not is_detached and (not streams or "stdout" in streams),
        stderr=not is_detached and (not streams or "stderr" in streams),
        terminal_size=terminal.size_of() if is_tty else None,
        detach=is_detached,
    )


def _wait_until_created(stream: Stream[RunResponse], line: Line) -> CreateContainerResponse:
    """Show the pull, if there is one, until the container is made. Ctrl-C still ends the whole command."""
    report = PullReport(sys.stderr, is_quiet=line.flag("quiet"))
    for response in stream:
        kind = response.WhichOneof("event")
        if kind == "pull":
            _announce(response.pull, is_quiet=line.flag("quiet"))
            report.show(response.pull)
        elif kind == "created":
            return response.created
    raise Internal("the gateway ended the call before the container was made", reason="NO_RESPONSE")


def _announce(event: PullResponse, *, is_quiet: bool) -> None:
    if event.WhichOneof("event") == "resolved" and not is_quiet:
        warn(f"Unable to find image '{familiar(event.resolved.canonical_reference)}' locally")


def _wrap(message: StreamInput) -> RunRequest:
    return RunRequest(input=message)


def _output(response: RunResponse) -> StreamOutput | None:
    return response.output if response.HasField("output") else None


COMMANDS = {
    "run": Command(
        name="run",
        usage="IMAGE [COMMAND] [ARG...]",
        summary="Create a container from an image and run it",
        run=run,
        least=1,
        most=None,
        is_passthrough=True,
        options=(
            *CREATE_OPTIONS,
            flag("-d --detach", "Run it in the background and print its ID"),
            text("--detach-keys", "KEYS", "Keys that leave it running and come back here", DEFAULT),
            many("-a --attach", "STREAM", "Attach only to stdin, stdout or stderr"),
            flag("--sig-proxy", "Hand signals on to it", default="true"),
        ),
        notes=(
            "Options stand before IMAGE; all that follows is the command. Without -d the exit status is the command's\n"
            "own: 125 when the engine failed, 126 when the command cannot be run, 127 when it is not in the image."
        ),
        examples="""
            strata run -it --rm debian bash  # a shell, gone when you leave it
            strata run -d --name web -p 8080:80 nginx  # a server on port 8080 of this host
            strata run --rm -v "$PWD:/src" -w /src -u "$(id -u)" node npm test  # your files, as yourself
            strata run -m 512m --cpus 1.5 --pids-limit 200 app  # at most this much
            strata run --network none --read-only --cap-drop ALL app  # as little as it can do with
            echo hello | strata run -i --rm debian cat  # in a pipe
        """,
        complete=("image",),
    )
}
