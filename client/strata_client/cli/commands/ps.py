"""``strata ps``."""

from collections.abc import Mapping

from strata.runtime.v1.container_pb2 import Container
from strata.runtime.v1.runtime_pb2 import GetContainerRequest, GetContainerResponse, ListContainersRequest

from strata_client.cli.containers import STATES, list_containers, row_of
from strata_client.cli.context import Context, say
from strata_client.cli.filters import Filters, parse_filters
from strata_client.cli.names import familiar
from strata_client.cli.options import Command, flag, many, text
from strata_client.cli.parsing import Line, UsageError
from strata_client.cli.quantities import size_text
from strata_client.cli.tables import Column, print_formatted
from strata_client.gateway import Gateway

_COLUMNS = (
    ("CONTAINER ID", "ID"),
    ("IMAGE", "Image"),
    ("COMMAND", "Command"),
    ("CREATED", "RunningFor"),
    ("STATUS", "Status"),
    ("PORTS", "Ports"),
    ("NAMES", "Names"),
)
_OTHER_HEADINGS = {
    "CreatedAt": "CREATED AT",
    "State": "STATE",
    "Labels": "LABELS",
    "Mounts": "MOUNTS",
    "Networks": "NETWORKS",
    "Size": "SIZE",
}
_FILTERS = ("ancestor", "exited", "health", "id", "label", "name", "network", "status", "volume")
_HEALTH_NAMES = ("none", "starting", "healthy", "unhealthy")


def run(line: Line, context: Context) -> int:
    """List containers."""
    filters = parse_filters(line.many("filter"), _FILTERS)
    with context.connect() as gateway:
        containers = [one for one in list_containers(gateway, _request(line, filters)) if _matches(one, filters)]
        if line.flag("latest"):
            containers = containers[:1]
        elif (last := line.number("last")) is not None and last >= 0:
            containers = containers[:last]
        rows = [row_of(one, is_cut=not line.flag("no-trunc")) for one in containers]
        columns: tuple[Column, ...] = _COLUMNS
        if line.flag("size"):
            _add_sizes(gateway, rows)
            columns = (*_COLUMNS, ("SIZE", "Size"))
    if line.flag("quiet") and not line.text("format"):
        for row in rows:
            say(row["ID"])
        return 0
    headings = {name: heading for heading, name in _COLUMNS} | _OTHER_HEADINGS
    print_formatted(line.text("format"), columns, headings, rows)
    return 0


def _request(line: Line, filters: Filters) -> ListContainersRequest:
    """Ask for what the gateway can sift by itself."""
    states = filters.get("status", ())
    if unknown := [state for state in states if state not in STATES]:
        raise UsageError(f"invalid filter 'status={unknown[0]}': there are {', '.join(sorted(STATES))}")
    wants_all = line.flag("all") or line.flag("latest") or line.has("last") or bool(states) or "exited" in filters
    return ListContainersRequest(
        all=wants_all, states=[STATES[state] for state in states], labels=filters.get("label", ())
    )


def _matches(container: Container, filters: Filters) -> bool:
    """Whether a container passes the filters that are left to us."""
    checks: Mapping[str, list[bool]] = {
        "id": [container.id.startswith(value) for value in filters.get("id", ())],
        "name": [value.removeprefix("/") in container.name for value in filters.get("name", ())],
        "exited": [value == str(container.exit_code) for value in filters.get("exited", ())],
        "ancestor": [_is_made_of(container, value) for value in filters.get("ancestor", ())],
        "health": [_HEALTH_NAMES[container.health.status] == value for value in filters.get("health", ())],
        "network": [any(n.network == v for n in container.networks) for v in filters.get("network", ())],
        "volume": [
            any(value in {mount.name, mount.destination} for mount in container.mount_points)
            for value in filters.get("volume", ())
        ],
    }
    return all(any(check) for key, check in checks.items() if key in filters)


def _is_made_of(container: Container, image: str) -> bool:
    names = {container.spec.image, familiar(container.spec.image), familiar(container.spec.image).partition(":")[0]}
    return image in names or container.image_id.removeprefix("sha256:").startswith(image.removeprefix("sha256:"))


def _add_sizes(gateway: Gateway, rows: list[dict[str, str]]) -> None:
    for row in rows:
        request = GetContainerRequest(container=row["ID"], include_size=True)
        row["Size"] = size_text(gateway.call(request, GetContainerResponse).upper_bytes)


COMMANDS = {
    "ps": Command(
        name="ps",
        usage="",
        summary="List containers",
        run=run,
        options=(
            flag("-a --all", "Show all containers, not only those that run"),
            many("-f --filter", "KEY=VALUE", f"Show only what matches; keys: {', '.join(_FILTERS)}"),
            text("--format", "TEMPLATE", '"table", "table TEMPLATE", "json" or a Go template: {{.ID}}\\t{{.Names}}'),
            text("-n --last", "NUMBER", "Show the newest ones, whatever their state"),
            flag("-l --latest", "Show the newest one, whatever its state"),
            flag("--no-trunc", "Cut nothing off"),
            flag("-q --quiet", "Print IDs only"),
            flag("-s --size", "Measure how much each one has written"),
        ),
        examples="""
            strata ps -a  # also those that have exited
            strata ps -q --filter label=app=web  # IDs, for another command
            strata ps --format 'table {{.Names}}\\t{{.Status}}'  # columns of your own
            strata rm $(strata ps -aq --filter status=exited)  # remove all that have exited
        """,
    )
}
