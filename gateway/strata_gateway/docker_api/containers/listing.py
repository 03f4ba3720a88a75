"""Looking at containers: list, inspect, processes, changes."""

import json
from typing import Any

from strata.runtime.v1 import container_pb2
from strata.runtime.v1 import runtime_pb2 as pb
from strata.store.v1 import store_pb2
from strata_chassis.errors import FailedPrecondition, NotFound
from strata_gateway.docker_api.containers.inspect import STATES, inspected
from strata_gateway.docker_api.containers.summary import FILTERS, is_selected, summarised
from strata_gateway.docker_api.filters import Filters
from strata_gateway.docker_api.routes import Routes
from strata_gateway.docker_api.times import process_start, process_time
from strata_gateway.engine.engine import Engine
from strata_gateway.engine.listing import all_containers
from strata_gateway.web.exchange import Exchange

_STATE_NUMBERS = {name: number for number, name in STATES.items()}
_KINDS = {
    pb.ListChangesResponse.KIND_MODIFIED: 0,
    pb.ListChangesResponse.KIND_ADDED: 1,
    pb.ListChangesResponse.KIND_DELETED: 2,
}


async def listed(engine: Engine, exchange: Exchange) -> None:
    """GET /containers/json."""
    request = exchange.request
    filters = Filters.parse(request.text("filters"), FILTERS)
    limit = request.number("limit", 0)
    wants_ended = request.flag("all") or limit > 0 or "status" in filters or "exited" in filters
    asked = pb.ListContainersRequest(
        all=wants_ended, states=[_STATE_NUMBERS[name] for name in filters.get("status") if name in _STATE_NUMBERS]
    )
    containers = [container async for container in all_containers(engine.peers, asked)]
    containers = _between(containers, filters)
    ancestors = await _ancestors(engine, filters)
    chosen = [container for container in containers if is_selected(container, filters, ancestors)]
    chosen = chosen[:limit] if limit > 0 else chosen
    sizes = [await _upper_bytes(engine, container) if request.flag("size") else None for container in chosen]
    await exchange.reply([summarised(container, size) for container, size in zip(chosen, sizes, strict=True)])


def _between(containers: list[container_pb2.Container], filters: Filters) -> list[container_pb2.Container]:
    """Those older than ``before`` and younger than ``since``; the list is newest first."""
    before, since = filters.one("before"), filters.one("since")
    if before:
        containers = containers[_place(containers, before) + 1 :]
    return containers[: _place(containers, since)] if since else containers


def _place(containers: list[container_pb2.Container], wanted: str) -> int:
    for place, container in enumerate(containers):
        if container.id.startswith(wanted) or container.name == wanted:
            return place
    raise NotFound(f"No such container: {wanted}", reason="CONTAINER_UNKNOWN", metadata={"container": wanted})


async def _ancestors(engine: Engine, filters: Filters) -> set[str] | None:
    """IDs of the images that "ancestor" names; None when it is not filtered by."""
    if "ancestor" not in filters:
        return None
    ids = set()
    for name in filters.get("ancestor"):
        try:
            ids.add((await engine.peers.store.GetImage(store_pb2.GetImageRequest(image=name))).image.id)
        except NotFound:
            continue
    return ids


async def _upper_bytes(engine: Engine, container: container_pb2.Container) -> int:
    got = await engine.peers.runtime.GetContainer(pb.GetContainerRequest(container=container.id, include_size=True))
    return got.upper_bytes


async def inspect(engine: Engine, exchange: Exchange) -> None:
    """GET /containers/{id}/json."""
    size = exchange.request.flag("size")
    got = await engine.peers.runtime.GetContainer(
        pb.GetContainerRequest(container=exchange.parts["id"], include_size=size)
    )
    image = await image_config(engine, got.container.spec.image_digest)
    await exchange.reply(inspected(got.container, image, got.upper_bytes if size else None))


async def image_config(engine: Engine, image: str) -> dict[str, Any]:
    """The ``config`` part of an image's config; empty when the image is gone."""
    try:
        got = await engine.peers.store.GetImage(store_pb2.GetImageRequest(image=image))
    except (NotFound, FailedPrecondition):
        return {}
    config = json.loads(got.config).get("config")
    return config if isinstance(config, dict) else {}


async def top(engine: Engine, exchange: Exchange) -> None:
    """GET /containers/{id}/top."""
    listed = await engine.peers.runtime.ListProcesses(pb.ListProcessesRequest(container=exchange.parts["id"]))
    rows = [
        [
            *(str(process.uid), str(process.pid), str(process.ppid), "0", process_start(process.start_time)),
            *(process.tty or "?", process_time(process.cpu_ns), process.command),
        ]
        for process in listed.processes
    ]
    await exchange.reply({"Titles": ["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"], "Processes": rows})


async def changes(engine: Engine, exchange: Exchange) -> None:
    """GET /containers/{id}/changes."""
    found: list[dict[str, Any]] = []
    async for response in engine.peers.runtime.ListChanges(pb.ListChangesRequest(container=exchange.parts["id"])):
        found += [{"Path": change.path, "Kind": _KINDS[change.kind]} for change in response.changes]
    await exchange.reply(found or None)


ROUTES: Routes = (
    ("GET", "/containers/json", listed),
    ("GET", "/containers/{id}/json", inspect),
    ("GET", "/containers/{id}/top", top),
    ("GET", "/containers/{id}/changes", changes),
)
