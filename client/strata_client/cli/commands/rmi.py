"""``strata rmi``."""

from strata.store.v1.store_pb2 import RemoveImageRequest, RemoveImageResponse

from strata_client.cli.context import Context, say
from strata_client.cli.failure import for_each
from strata_client.cli.names import familiar
from strata_client.cli.options import Command, flag
from strata_client.cli.parsing import Line


def run(line: Line, context: Context) -> int:
    """Remove images."""
    with context.connect() as gateway:

        def remove(name: str) -> None:
            request = RemoveImageRequest(image=name, force=line.flag("force"))
            response = gateway.call(request, RemoveImageResponse)
            for untagged in response.untagged:
                say(f"Untagged: {familiar(untagged)}")
            for deleted in response.deleted:
                say(f"Deleted: {deleted}")

        return for_each(line.arguments, remove)


COMMANDS = {
    "rmi": Command(
        name="rmi",
        usage="IMAGE [IMAGE...]",
        summary="Remove images: their names first, with the last one the image and what nothing else needs",
        run=run,
        least=1,
        most=None,
        options=(
            flag("-f --force", "Remove all its names, although containers were made of it"),
            flag("--no-prune", "Accepted for docker's sake: there are no untagged parents"),
        ),
        examples="""
            strata rmi debian:11  # one name
            strata rmi $(strata images -q --filter dangling=true)  # all images without a name
        """,
        complete=("image",),
    )
}
