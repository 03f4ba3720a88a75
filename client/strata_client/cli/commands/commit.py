"""``strata commit``."""

from strata.gateway.v1.gateway_pb2 import CommitRequest, CommitResponse

from strata_client.cli.context import Context, say
from strata_client.cli.options import Command, flag, many, text
from strata_client.cli.parsing import Line


def run(line: Line, context: Context) -> int:
    """Make an image of a container's changes and print its ID."""
    request = CommitRequest(
        container=line.arguments[0],
        reference=line.arguments[1] if len(line.arguments) > 1 else "",
        author=line.text("author"),
        message=line.text("message"),
        changes=line.many("change"),
        pause=line.flag("pause"),
    )
    with context.connect() as gateway:
        say(gateway.call(request, CommitResponse).image.id)
    return 0


COMMANDS = {
    "commit": Command(
        name="commit",
        usage="CONTAINER [NAME[:TAG]]",
        summary="Make an image of a container's changes",
        run=run,
        least=1,
        most=2,
        options=(
            text("-a --author", "TEXT", "Author"),
            many("-c --change", "INSTRUCTION", 'Dockerfile instruction to apply: CMD ["nginx"], ENV A=1'),
            text("-m --message", "TEXT", "What was changed"),
            flag("-p --pause", "Freeze the container meanwhile", default="true"),
        ),
        examples="""strata commit -m 'with curl' -c 'CMD ["bash"]' box tools:1  # what was done by hand, as an image""",
        complete=("container", "image"),
    )
}
