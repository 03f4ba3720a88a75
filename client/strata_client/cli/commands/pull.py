"""``strata pull``."""

import sys

from strata.gateway.v1.gateway_pb2 import PullRequest, PullResponse

from strata_client.cli.context import Context, say
from strata_client.cli.names import familiar
from strata_client.cli.options import Command, flag, text
from strata_client.cli.parsing import Line
from strata_client.cli.platforms import parse_platform
from strata_client.cli.progress import PullReport
from strata_client.credentials import find_credentials


def run(line: Line, context: Context) -> int:
    """Pull an image; the last line is its full name, for the next program."""
    reference = line.arguments[0]
    platform = parse_platform(line.text("platform"))
    request = PullRequest(reference=reference, platform=platform, credentials=find_credentials(reference))
    report = PullReport(sys.stdout, is_quiet=line.flag("quiet"))
    with context.connect() as gateway, gateway.stream(request, PullResponse) as events:
        for event in events:
            report.show(event)
    say(report.reference or familiar(reference))
    return 0


COMMANDS = {
    "pull": Command(
        name="pull",
        usage="NAME[:TAG|@DIGEST]",
        summary="Download an image from a registry",
        run=run,
        least=1,
        most=1,
        options=(
            text("--platform", "OS/ARCH[/VARIANT]", "Take the image for another platform than this host's"),
            flag("-q --quiet", "Show no progress"),
        ),
        notes="A pull that was interrupted, by Ctrl-C or a broken network, goes on where it stopped when repeated.",
        examples="""
            strata pull debian  # docker.io/library/debian:latest
            strata pull registry.example.com/team/app:1.2  # from another registry
            strata pull debian@sha256:4f53cda1...  # exactly this one
        """,
        complete=("image",),
    )
}
