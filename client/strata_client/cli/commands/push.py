"""``strata push``."""

import sys

from strata.gateway.v1.gateway_pb2 import PullResponse, PushRequest, PushResponse

from strata_client.cli.context import Context, say
from strata_client.cli.options import Command, flag
from strata_client.cli.parsing import Line
from strata_client.cli.progress import PUSHING, PullReport
from strata_client.credentials import find_credentials


def run(line: Line, context: Context) -> int:
    """Upload an image and print its digest."""
    reference = line.arguments[0]
    request = PushRequest(reference=reference, credentials=find_credentials(reference))
    report = PullReport(sys.stdout, is_quiet=line.flag("quiet"), words=PUSHING)
    with context.connect() as gateway, gateway.stream(request, PushResponse) as events:
        for event in events:
            if event.WhichOneof("event") == "layer":
                report.show(PullResponse(layer=event.layer))
            elif event.WhichOneof("event") == "pushed":
                say(f"{reference}: digest: {event.pushed.digest} size: {event.pushed.size_bytes}")
    return 0


COMMANDS = {
    "push": Command(
        name="push",
        usage="NAME[:TAG]",
        summary="Upload an image to the registry that its name says",
        run=run,
        least=1,
        most=1,
        options=(flag("-q --quiet", "Show no progress"),),
        examples="""
            strata tag app:1 registry.example.com/team/app:1  # a name that says where
            strata push registry.example.com/team/app:1  # with the credentials of docker's configuration
        """,
        complete=("image",),
    )
}
