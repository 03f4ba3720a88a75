"""``strata system df``."""

from collections.abc import Sequence

from strata.gateway.v1.gateway_pb2 import GetDiskUsageRequest, GetDiskUsageResponse
from strata.runtime.v1.container_pb2 import Container
from strata.store.v1.store_pb2 import GetSharingReportResponse, Usage

from strata_client.cli.containers import status_text
from strata_client.cli.context import Context, say
from strata_client.cli.names import familiar, short_id
from strata_client.cli.options import Command, flag, text
from strata_client.cli.parsing import Line
from strata_client.cli.quantities import size_text
from strata_client.cli.tables import print_formatted, print_lines

_COLUMNS = (
    ("TYPE", "Type"),
    ("TOTAL", "TotalCount"),
    ("ACTIVE", "Active"),
    ("SIZE", "Size"),
    ("RECLAIMABLE", "Reclaimable"),
)
_HEADINGS = {name: heading for heading, name in _COLUMNS}
_ACTIVE = {Container.STATE_RUNNING, Container.STATE_PAUSED, Container.STATE_RESTARTING}


def run(line: Line, context: Context) -> int:
    """Print what is stored, what of it could be freed, and what sharing saves."""
    request = GetDiskUsageRequest(include_memory=line.flag("verbose"))
    with context.connect() as gateway:
        usage = gateway.call(request, GetDiskUsageResponse)
    print_formatted(line.text("format"), _COLUMNS, _HEADINGS, _rows(usage))
    if not line.text("format"):
        say("\n" + sharing_text(usage.images))
        if line.flag("verbose"):
            say(memory_text(usage))
            _print_details(usage)
    return 0


def _rows(usage: GetDiskUsageResponse) -> list[dict[str, str]]:
    containers, images = usage.containers, usage.images
    used_ids = {one.container.spec.image_digest for one in containers}
    idle_bytes = sum(one.upper_bytes for one in containers if one.container.state not in _ACTIVE)
    unused = [volume for volume in usage.volumes if not volume.container_ids]
    return [
        _row(
            "Images",
            len(images.images),
            sum(image.digest in used_ids for image in images.images),
            images.stored_bytes,
            images.reclaimable_bytes,
        ),
        _row(
            "Containers",
            len(containers),
            sum(one.container.state in _ACTIVE for one in containers),
            sum(one.upper_bytes for one in containers),
            idle_bytes,
        ),
        _row(
            "Volumes",
            len(usage.volumes),
            len(usage.volumes) - len(unused),
            sum(volume.size_bytes for volume in usage.volumes),
            sum(volume.size_bytes for volume in unused),
        ),
        _row("Registry cache", 0, 0, usage.cache_bytes, usage.cache_reclaimable_bytes)
        | {"TotalCount": "", "Active": ""},
    ]


def _row(kind: str, total: int, active: int, size_bytes: int, reclaimable_bytes: int) -> dict[str, str]:
    percent = f" ({100 * reclaimable_bytes // size_bytes}%)" if size_bytes else ""
    return {
        "Type": kind,
        "TotalCount": str(total),
        "Active": str(active),
        "Size": size_text(size_bytes),
        "Reclaimable": size_text(reclaimable_bytes) + percent,
    }


def sharing_text(report: GetSharingReportResponse) -> str:
    """What sharing saves, in a few lines of plain words."""
    logical, stored = report.logical_bytes, report.stored_bytes
    ratio = f" ({logical / stored:.2f} to 1)" if stored else ""
    lines = [
        f"Images hold {size_text(logical)} of files in {size_text(stored)} on disk{ratio}.",
        f"  {size_text(report.layer_sharing_saved_bytes):>8} saved because images share layers",
        f"  {size_text(report.file_sharing_saved_bytes):>8} saved because layers share files",
        f"  {size_text(report.memory_shareable_bytes):>8} of files in several layers, cached in memory once",
    ]
    return "\n".join(lines)


def memory_text(usage: GetDiskUsageResponse) -> str:
    """What of the images is in memory, and what sharing saves there, as lines that go on from those of the disk."""
    return (
        f"  {size_text(usage.resident_bytes):>8} of files of running containers' images in memory\n"
        f"  {size_text(usage.memory_saved_bytes):>8} more they would be if each container cached them for itself"
    )


def _print_details(usage: GetDiskUsageResponse) -> None:
    names = {image.digest: _name(image) for image in usage.images.images}
    say("\nImages:")
    shared_with = [
        ", ".join(names.get(other, short_id(other)) for other in image.shared_with) for image in usage.images.images
    ]
    heading = ["IMAGE", "SIZE", "UNIQUE", "SHARED", "IN MEMORY", "FREED BY RMI", "SHARES WITH"]
    print_lines([heading, *([*_cells(i), other] for i, other in zip(usage.images.images, shared_with, strict=True))])
    say("\nLayers:")
    heading = ["LAYER", "SIZE", "UNIQUE", "SHARED", "IN MEMORY", "SAME FILES"]
    print_lines([heading, *_layer_lines(usage.images.layers)])
    if usage.containers:
        _print_containers(usage)
    if usage.volumes:
        say("\nVolumes:")
        volumes = [[one.name, str(len(one.container_ids)), size_text(one.size_bytes)] for one in usage.volumes]
        print_lines([["VOLUME NAME", "CONTAINERS", "SIZE"], *volumes])


def _print_containers(usage: GetDiskUsageResponse) -> None:
    say("\nContainers:")
    rows = [
        [
            short_id(one.container.id),
            familiar(one.container.spec.image),
            size_text(one.upper_bytes),
            status_text(one.container),
            one.container.name,
        ]
        for one in usage.containers
    ]
    print_lines([["CONTAINER ID", "IMAGE", "WRITTEN", "STATUS", "NAMES"], *rows])


def _name(image: Usage) -> str:
    return familiar(image.names[0]) if image.names else short_id(image.digest)


def _cells(image: Usage) -> list[str]:
    sizes = (
        image.logical_bytes,
        image.unique_bytes,
        image.shared_bytes,
        image.resident_bytes,
        image.reclaimable_bytes,
    )
    return [_name(image), *map(size_text, sizes)]


def _layer_lines(layers: Sequence[Usage]) -> list[list[str]]:
    return [
        [
            short_id(layer.digest),
            *map(
                size_text,
                (
                    layer.logical_bytes,
                    layer.unique_bytes,
                    layer.shared_bytes,
                    layer.resident_bytes,
                    layer.file_shared_bytes,
                ),
            ),
        ]
        for layer in layers
    ]


COMMANDS = {
    "system df": Command(
        name="system df",
        usage="",
        summary="Show disk use, and what sharing saves",
        run=run,
        options=(
            text("--format", "TEMPLATE", '"table", "table TEMPLATE", "json" or a Go template: {{.Type}} {{.Size}}'),
            flag("-v --verbose", "Show every image, layer, container and volume, and what is in memory"),
        ),
        notes=(
            "UNIQUE is on disk for this one alone, SHARED for others too; a byte is never counted twice. FREED BY RMI\n"
            "is what removing the image would really give back."
        ),
        examples="strata system df -v  # which images share what",
    )
}
