"""``strata diff``."""

from strata.runtime.v1.runtime_pb2 import ListChangesRequest, ListChangesResponse

from strata_client.cli.context import Context, say
from strata_client.cli.options import Command
from strata_client.cli.parsing import Line
from strata_client.cli.tables import printable

_LETTERS = {
    ListChangesResponse.KIND_MODIFIED: "C",
    ListChangesResponse.KIND_ADDED: "A",
    ListChangesResponse.KIND_DELETED: "D",
}


def run(line: Line, context: Context) -> int:
    """Print each change with its letter."""
    request = ListChangesRequest(container=line.arguments[0])
    with context.connect() as gateway, gateway.stream(request, ListChangesResponse) as stream:
        for response in stream:
            for change in response.changes:
                say(f"{_LETTERS.get(change.kind, '?')} {printable(change.path)}")
    return 0


COMMANDS = {
    "diff": Command(
        name="diff",
        usage="CONTAINER",
        summary="Show what a container changed in its file system",
        run=run,
        least=1,
        most=1,
        notes="A was added, C was changed, D was deleted.",
        examples="strata diff web  # what it would lose with 'strata rm'",
        complete=("container",),
    )
}
