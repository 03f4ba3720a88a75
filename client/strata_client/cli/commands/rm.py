"""``strata rm``."""

from strata.runtime.v1.runtime_pb2 import DeleteContainerRequest, DeleteContainerResponse

from strata_client.cli.context import Context
from strata_client.cli.failure import for_each
from strata_client.cli.options import Command, flag
from strata_client.cli.parsing import Line
from strata_client.wire.channel import new_request_id


def run(line: Line, context: Context) -> int:
    """Remove containers."""
    with context.connect() as gateway:

        def remove(name: str) -> str:
            request = DeleteContainerRequest(
                container=name,
                force=line.flag("force"),
                remove_volumes=line.flag("volumes"),
                request_id=new_request_id(),
            )
            gateway.call(request, DeleteContainerResponse)
            return name

        return for_each(line.arguments, remove)


COMMANDS = {
    "rm": Command(
        name="rm",
        usage="CONTAINER [CONTAINER...]",
        summary="Remove containers, and what they wrote",
        run=run,
        least=1,
        most=None,
        options=(
            flag("-f --force", "Kill a container first if it runs"),
            flag("-v --volumes", "Remove its anonymous volumes too"),
        ),
        examples="""
            strata rm job  # one that has exited
            strata rm -fv web  # one that runs, with its anonymous volumes
        """,
        complete=("container",),
    )
}
