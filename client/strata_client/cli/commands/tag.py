"""``strata tag``."""

from strata.store.v1.store_pb2 import TagImageRequest, TagImageResponse

from strata_client.cli.context import Context
from strata_client.cli.options import Command
from strata_client.cli.parsing import Line


def run(line: Line, context: Context) -> int:
    """Give an image one more name."""
    image, reference = line.arguments
    with context.connect() as gateway:
        gateway.call(TagImageRequest(image=image, reference=reference), TagImageResponse)
    return 0


COMMANDS = {
    "tag": Command(
        name="tag",
        usage="IMAGE[:TAG] NAME[:TAG]",
        summary="Give an image one more name; no bytes are copied",
        run=run,
        least=2,
        most=2,
        examples="""
            strata tag debian:12 registry.example.com/base:2026-01  # a name to push it under
            strata tag 4f53cda18c2b base  # by its ID
        """,
        complete=("image",),
    )
}
