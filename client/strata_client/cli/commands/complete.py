"""``strata __complete``: asked by the completion scripts, with the unfinished word last."""

from strata.runtime.v1.runtime_pb2 import (
    ListContainersRequest,
    ListNetworksRequest,
    ListNetworksResponse,
    ListVolumesRequest,
    ListVolumesResponse,
)

from strata_chassis.errors import StrataError
from strata_client.cli.completing import Candidate, candidates
from strata_client.cli.containers import list_containers, status_text
from strata_client.cli.context import Context, say
from strata_client.cli.images import list_images
from strata_client.cli.names import familiar, short_id
from strata_client.cli.options import Command
from strata_client.cli.parsing import Line
from strata_client.cli.tables import printable
from strata_client.gateway import Gateway


def run(line: Line, context: Context) -> int:
    """Print candidates; a gateway that does not answer just has no names."""
    from strata_client.main import GLOBAL_OPTIONS

    def names(kind: str) -> list[Candidate]:
        try:
            with context.connect() as gateway:
                return _names(gateway, kind)
        except StrataError:
            return []

    for word, meaning in candidates(line.arguments, GLOBAL_OPTIONS, names):
        say(printable(word) + (f"\t{printable(meaning)}" if meaning else ""))
    return 0


def _names(gateway: Gateway, kind: str) -> list[Candidate]:
    if kind in {"container", "running", "stopped"}:
        return _containers(gateway, kind)
    if kind == "image":
        return _images(gateway)
    if kind == "network":
        networks = gateway.call(ListNetworksRequest(page_size=500), ListNetworksResponse).networks
        return [(network.name, network.driver) for network in networks]
    if kind == "volume":
        volumes = gateway.call(ListVolumesRequest(page_size=500), ListVolumesResponse).volumes
        return [(volume.name, volume.driver) for volume in volumes]
    if kind == "object":
        return _containers(gateway, "container") + _images(gateway)
    return []


def _containers(gateway: Gateway, kind: str) -> list[Candidate]:
    containers = list_containers(gateway, ListContainersRequest(all=kind != "running"))
    if kind == "stopped":
        containers = [container for container in containers if not container.pid]
    return [(one.name, f"{status_text(one)}, {familiar(one.spec.image)}") for one in containers]


def _images(gateway: Gateway) -> list[Candidate]:
    images = list_images(gateway)
    named = [(familiar(name), short_id(image.id)) for image in images for name in image.names]
    return named + [(short_id(image.id), "no name") for image in images if not image.names]


COMMANDS = {
    "__complete": Command(
        name="__complete",
        usage="[WORD...]",
        summary="Candidates for the last word",
        run=run,
        most=None,
        is_passthrough=True,
    )
}
