"""``strata images``."""

import fnmatch

from strata.store.v1.store_pb2 import Image

from strata_client.cli.context import Context, say
from strata_client.cli.filters import Filters, has_labels, parse_filters
from strata_client.cli.images import list_images, rows_of
from strata_client.cli.names import familiar
from strata_client.cli.options import Command, flag, many, text
from strata_client.cli.parsing import Line
from strata_client.cli.tables import print_formatted

_NAME_COLUMNS = (("REPOSITORY", "Repository"), ("TAG", "Tag"))
_OTHER_COLUMNS = (("IMAGE ID", "ID"), ("CREATED", "CreatedSince"), ("SIZE", "Size"))
_HEADINGS = {name: heading for heading, name in _NAME_COLUMNS + _OTHER_COLUMNS} | {
    "Digest": "DIGEST",
    "CreatedAt": "CREATED AT",
    "Containers": "CONTAINERS",
}
_FILTERS = ("before", "dangling", "label", "reference", "since")


def run(line: Line, context: Context) -> int:
    """List images."""
    filters = parse_filters(line.many("filter"), _FILTERS)
    pattern = line.arguments[0] if line.arguments else ""
    with context.connect() as gateway:
        images = [image for image in list_images(gateway, pattern) if _matches(image, filters)]
    images = _between(images, filters)
    rows = [row for image in images for row in rows_of(image, is_cut=not line.flag("no-trunc"))]
    if line.flag("quiet") and not line.text("format"):
        for image_id in dict.fromkeys(row["ID"] for row in rows):
            say(image_id)
        return 0
    digest = (("DIGEST", "Digest"),) if line.flag("digests") else ()
    print_formatted(line.text("format"), _NAME_COLUMNS + digest + _OTHER_COLUMNS, _HEADINGS, rows)
    return 0


def _matches(image: Image, filters: Filters) -> bool:
    """Whether an image passes the filters that look at it alone."""
    names = [familiar(name) for name in image.names]
    if "dangling" in filters and (filters["dangling"][-1] in {"true", "1"}) == bool(names):
        return False
    patterns = filters.get("reference", ())
    if patterns and not any(_fits(name, pattern) for name in names for pattern in patterns):
        return False
    return has_labels(image.labels, filters.get("label", ()))


def _fits(name: str, pattern: str) -> bool:
    """Whether a name is what a pattern says, with its tag or without."""
    return fnmatch.fnmatchcase(name, pattern) or fnmatch.fnmatchcase(name.rpartition(":")[0], pattern)


def _between(images: list[Image], filters: Filters) -> list[Image]:
    """Keep what was made after ``since`` and before ``before``, both images themselves."""
    for key, is_newer in (("since", True), ("before", False)):
        for wanted in filters.get(key, ()):
            places = [at for at, image in enumerate(images) if _is_named(image, wanted)]
            at = places[0] if places else len(images) if is_newer else -1
            images = images[:at] if is_newer else images[at + 1 :]
    return images


def _is_named(image: Image, wanted: str) -> bool:
    names = {familiar(name) for name in image.names}
    return bool({wanted, f"{wanted}:latest"} & names) or image.id.removeprefix("sha256:").startswith(wanted)


COMMANDS = {
    "images": Command(
        name="images",
        usage="[REPOSITORY[:TAG]]",
        summary="List images",
        run=run,
        most=1,
        options=(
            flag("-a --all", "Accepted for docker's sake: there are no intermediate images"),
            flag("--digests", "Show the digests by which registries know the images"),
            many("-f --filter", "KEY=VALUE", f"Show only what matches; keys: {', '.join(_FILTERS)}"),
            text("--format", "TEMPLATE", '"table", "table TEMPLATE", "json" or a Go template: {{.ID}}\\t{{.Tag}}'),
            flag("--no-trunc", "Cut nothing off"),
            flag("-q --quiet", "Print IDs only"),
        ),
        examples="""
            strata images debian  # all tags of one repository
            strata images --filter reference='*:12'  # all repositories with one tag
            strata images --format '{{.Repository}}:{{.Tag}} {{.Size}}'  # a line of your own
        """,
        notes="SIZE is what an image would take alone. 'strata system df -v' says what is shared.",
        complete=("image",),
    )
}
