"""``strata volume`` and its verbs."""

from strata.runtime.v1 import runtime_pb2 as pb
from strata_client.cli.context import Context, say
from strata_client.cli.documents import print_documents
from strata_client.cli.failure import for_each
from strata_client.cli.options import Command, flag, many, text
from strata_client.cli.parsing import Line
from strata_client.cli.quantities import rfc3339, size_text
from strata_client.cli.spec.environment import labels
from strata_client.cli.tables import paged, print_formatted
from strata_client.gateway import Gateway
from strata_client.wire.channel import new_request_id

_COLUMNS = (("DRIVER", "Driver"), ("VOLUME NAME", "Name"))
_HEADINGS = {name: heading for heading, name in _COLUMNS} | {"Size": "SIZE", "Mountpoint": "MOUNTPOINT"}
_PAGE_SIZE = 500


def _list(line: Line, context: Context) -> int:
    with context.connect() as gateway:

        def fetch(token: str) -> tuple[list[pb.Volume], str]:
            request = pb.ListVolumesRequest(page_size=_PAGE_SIZE, page_token=token, include_size=line.flag("size"))
            page = gateway.call(request, pb.ListVolumesResponse)
            return list(page.volumes), page.next_page_token

        volumes = paged(fetch)
    if line.flag("quiet") and not line.text("format"):
        for volume in volumes:
            say(volume.name)
        return 0
    rows = [
        {
            "Driver": volume.driver,
            "Name": volume.name,
            "Mountpoint": volume.mountpoint,
            "Size": size_text(volume.size_bytes),
        }
        for volume in volumes
    ]
    size = (("SIZE", "Size"),) if line.flag("size") else ()
    print_formatted(line.text("format"), _COLUMNS + size, _HEADINGS, rows)
    return 0


def _create(line: Line, context: Context) -> int:
    request = pb.CreateVolumeRequest(
        name=line.arguments[0] if line.arguments else "",
        driver=line.text("driver"),
        labels=labels(line.many("label"), []),
        options=labels(line.many("opt"), []),
        request_id=new_request_id(),
    )
    with context.connect() as gateway:
        say(gateway.call(request, pb.CreateVolumeResponse).volume.name)
    return 0


def _remove(line: Line, context: Context) -> int:
    with context.connect() as gateway:

        def remove(name: str) -> str:
            gateway.call(pb.DeleteVolumeRequest(volume=name, force=line.flag("force")), pb.DeleteVolumeResponse)
            return name

        return for_each(line.arguments, remove)


def _inspect(line: Line, context: Context) -> int:
    with context.connect() as gateway:
        documents = [_document(gateway, name) for name in line.arguments]
    print_documents(line.text("format"), documents)
    return 0


def _document(gateway: Gateway, name: str) -> dict[str, object]:
    """A volume in docker's shape."""
    volume = gateway.call(pb.GetVolumeRequest(volume=name), pb.GetVolumeResponse).volume
    return {
        "CreatedAt": rfc3339(volume.create_time),
        "Driver": volume.driver,
        "Labels": dict(volume.labels),
        "Mountpoint": volume.mountpoint,
        "Name": volume.name,
        "Options": dict(volume.options),
        "Scope": "local",
    }


_FORMAT = text("-f --format", "TEMPLATE", '"table", "json" or a Go template: {{.Name}}')

COMMANDS = {
    "volume ls": Command(
        name="volume ls",
        usage="",
        summary="List volumes",
        run=_list,
        options=(_FORMAT, flag("-q --quiet", "Print names only"), flag("-s --size", "Measure what is in them")),
    ),
    "volume create": Command(
        name="volume create",
        usage="[NAME]",
        summary="Make a volume; without a name, one is made up",
        run=_create,
        most=1,
        options=(
            text("-d --driver", "DRIVER", "Driver", "local"),
            many("--label", "KEY[=VALUE]", "Label the volume"),
            many("-o --opt", "KEY=VALUE", "Option of the driver"),
        ),
        examples="strata volume create data  # then: strata run -v data:/var/lib/db ...",
    ),
    "volume rm": Command(
        name="volume rm",
        usage="VOLUME [VOLUME...]",
        summary="Remove volumes, and what is in them",
        run=_remove,
        least=1,
        most=None,
        options=(flag("-f --force", "No error for one that is not there"),),
        complete=("volume",),
    ),
    "volume inspect": Command(
        name="volume inspect",
        usage="VOLUME [VOLUME...]",
        summary="Show everything about volumes as JSON",
        run=_inspect,
        least=1,
        most=None,
        options=(_FORMAT,),
        complete=("volume",),
    ),
}
