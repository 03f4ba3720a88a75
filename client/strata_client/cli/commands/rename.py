"""``strata rename``."""

from strata.runtime.v1.runtime_pb2 import RenameContainerRequest, RenameContainerResponse

from strata_client.cli.context import Context
from strata_client.cli.options import Command
from strata_client.cli.parsing import Line


def run(line: Line, context: Context) -> int:
    """Give a container another name."""
    container, name = line.arguments
    with context.connect() as gateway:
        gateway.call(RenameContainerRequest(container=container, name=name), RenameContainerResponse)
    return 0


COMMANDS = {
    "rename": Command(
        name="rename",
        usage="CONTAINER NEW_NAME",
        summary="Give a container another name",
        run=run,
        least=2,
        most=2,
        complete=("container", ""),
    )
}
