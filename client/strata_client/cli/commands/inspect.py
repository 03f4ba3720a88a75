"""``strata inspect``."""

from typing import Any

from strata.runtime.v1.runtime_pb2 import GetContainerRequest, GetContainerResponse
from strata.store.v1.store_pb2 import GetImageRequest, GetImageResponse

from strata_chassis.errors import InvalidArgument, NotFound, StrataError
from strata_client.cli.context import Context, warn
from strata_client.cli.documents import print_documents
from strata_client.cli.failure import sentence_of
from strata_client.cli.inspecting.container import container_document
from strata_client.cli.inspecting.image import image_document
from strata_client.cli.options import Command, flag, text
from strata_client.cli.parsing import Line, UsageError
from strata_client.gateway import Gateway

_KINDS = ("container", "image")


def run(line: Line, context: Context) -> int:
    """Print documents as one JSON list, or each through a template."""
    kind = line.text("type")
    if kind and kind not in _KINDS:
        raise UsageError(f"invalid type {kind!r}: there are {' and '.join(_KINDS)}")
    documents, failures = [], []
    with context.connect() as gateway:
        for name in line.arguments:
            try:
                documents.append(_document(gateway, name, kind, has_size=line.flag("size")))
            except StrataError as error:
                failures.append(error)
    print_documents(line.text("format"), documents)
    for failure in failures:
        warn(sentence_of(failure))
    return 1 if failures else 0


def _document(gateway: Gateway, name: str, kind: str, *, has_size: bool) -> dict[str, Any]:
    """The container of this name, else the image."""
    if kind != "image":
        try:
            request = GetContainerRequest(container=name, include_size=has_size)
            response = gateway.call(request, GetContainerResponse)
        except (NotFound, InvalidArgument):
            if kind:
                raise
        else:
            document = container_document(response.container)
            return document | {"SizeRw": response.upper_bytes} if has_size else document
    try:
        return image_document(gateway.call(GetImageRequest(image=name), GetImageResponse))
    except (NotFound, InvalidArgument):
        if kind:
            raise
        raise NotFound(f"no such container or image: {name}", reason="OBJECT_UNKNOWN") from None


COMMANDS = {
    "inspect": Command(
        name="inspect",
        usage="NAME|ID [NAME|ID...]",
        summary="Show everything about containers and images as JSON, in docker's shape",
        run=run,
        least=1,
        most=None,
        options=(
            text("-f --format", "TEMPLATE", '"json" or a Go template: {{.State.Status}}'),
            flag("-s --size", "Measure how much a container has written"),
            text("--type", "TYPE", 'Only "container" or "image"'),
        ),
        notes=(
            "Templates know {{.Field.Field}}, {{range}}, {{if}}, {{with}}, {{else}}, {{end}}, the functions json,\n"
            "join, index, len, lower, upper, title, truncate, split and println, and pipes."
        ),
        examples="""
            strata inspect -f '{{.NetworkSettings.IPAddress}}' web  # its address
            strata inspect -f '{{range .Mounts}}{{.Source}} {{end}}' web  # what it has mounted
            strata inspect -f '{{json .Config.Env}}' debian  # of an image, as JSON
        """,
        complete=("object",),
    )
}
