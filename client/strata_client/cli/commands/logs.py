"""``strata logs``."""

import sys

from strata.runtime.v1.runtime_pb2 import GetLogsRequest, GetLogsResponse

from strata_client.cli.context import Context
from strata_client.cli.options import Command, flag, text
from strata_client.cli.parsing import Line, UsageError
from strata_client.cli.quantities import parse_moment, rfc3339, timestamp
from strata_client.cli.resuming import followed
from strata_client.cli.session import write_all
from strata_client.gateway import Gateway
from strata_client.wire.channel import Stream


def run(line: Line, context: Context) -> int:
    """Print what a container wrote: its stdout to ours, its stderr to ours."""
    request = GetLogsRequest(
        container=line.arguments[0],
        follow=line.flag("follow"),
        since=timestamp(parse_moment(line.text("since"))) if line.text("since") else None,
        until=timestamp(parse_moment(line.text("until"))) if line.text("until") else None,
        tail=_tail(line.text("tail")),
    )
    sys.stdout.flush()

    def begin(gateway: Gateway) -> Stream[GetLogsResponse]:
        return gateway.stream(request, GetLogsResponse)

    for response in followed(context, begin):
        _print(response, has_times=line.flag("timestamps"))
        if response.entries:
            _continue_after(request, response.entries[-1])
    return 0


def _continue_after(request: GetLogsRequest, last: GetLogsResponse.Entry) -> None:
    """Change a request to ask for what comes after an entry, in case the gateway is lost."""
    request.ClearField("tail")
    request.since.FromNanoseconds(last.time.ToNanoseconds() + 1)


def _tail(text: str) -> int | None:
    if text == "all":
        return None
    if not text.isascii() or not text.isdigit():
        raise UsageError(f"invalid number of lines {text!r}: write a number, or all")
    return int(text)


def _print(response: GetLogsResponse, *, has_times: bool) -> None:
    """Write neighbours of one stream together: a system call for each line is slow."""
    pending, is_stderr = bytearray(), False
    for entry in response.entries:
        if entry.stderr != is_stderr:
            write_all(2 if is_stderr else 1, bytes(pending))
            pending.clear()
            is_stderr = entry.stderr
        if has_times:
            pending += f"{rfc3339(entry.time)} ".encode()
        pending += entry.data
    write_all(2 if is_stderr else 1, bytes(pending))


COMMANDS = {
    "logs": Command(
        name="logs",
        usage="CONTAINER",
        summary="Show what a container has written",
        run=run,
        least=1,
        most=1,
        options=(
            flag("-f --follow", "Go on with what it writes from now on"),
            text("--since", "TIME", "Only from this time on: 2026-01-31T12:00:00Z, or 10m for ten minutes ago"),
            text("-n --tail", "LINES", "Only the last lines", "all"),
            flag("-t --timestamps", "Say when each line was written"),
            text("--until", "TIME", "Only up to this time"),
        ),
        notes="What it wrote to stderr goes to stderr here too: 2>/dev/null leaves it out.",
        examples="""
            strata logs -f --tail 20 web  # the last lines, then new ones until Ctrl-C
            strata logs --since 10m -t web  # of the last ten minutes, with times
        """,
        complete=("container",),
    )
}
