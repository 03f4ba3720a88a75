"""``strata create``."""

from strata.gateway.v1.gateway_pb2 import CreateContainerResponse

from strata_client.cli.context import Context, say
from strata_client.cli.making import create_request, report_created
from strata_client.cli.options import Command
from strata_client.cli.parsing import Line
from strata_client.cli.pulling import pull_as_asked
from strata_client.cli.run_options import CREATE_OPTIONS


def run(line: Line, context: Context) -> int:
    """Create a container and print its ID."""
    request = create_request(line, is_attached=True)
    with context.connect() as gateway:
        pull_as_asked(gateway, request, is_quiet=line.flag("quiet"))
        created = gateway.call(request, CreateContainerResponse)
    report_created(line, created)
    say(created.container.id)
    return 0


COMMANDS = {
    "create": Command(
        name="create",
        usage="IMAGE [COMMAND] [ARG...]",
        summary="Create a container without starting it, and print its ID",
        run=run,
        least=1,
        most=None,
        is_passthrough=True,
        options=CREATE_OPTIONS,
        examples="""
            strata create --name web -p 8080:80 nginx  # start it later: strata start web
            strata start -ai $(strata create -it debian bash)  # what 'run' does, in two steps
        """,
        complete=("image",),
    )
}
