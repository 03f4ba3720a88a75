"""Make images of what is no image yet: a container's changes, or the tar of a root file system."""

import json
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any

from strata.gateway.v1 import gateway_pb2 as pb
from strata.runtime.v1 import container_pb2, runtime_pb2
from strata.store.v1 import store_pb2 as store_pb
from strata_chassis.errors import InvalidArgument
from strata_gateway.adapters.host import Host
from strata_gateway.adapters.peers import Peers
from strata_gateway.core.dockerfile.instruction import DockerfileError
from strata_gateway.core.dockerfile.metadata import apply_changes
from strata_gateway.core.image_config import Overrides, Step, base_config, encoded, overridden, with_step
from strata_gateway.engine.layers import import_layer, lease
from strata_oci.errors import MalformedError
from strata_oci.reference import Reference


async def commit(peers: Peers, request: pb.CommitRequest) -> store_pb.Image:
    """An image of a container's image, its changes as one layer, and its settings."""
    names = full_names(request.reference)
    got = await peers.runtime.GetContainer(runtime_pb2.GetContainerRequest(container=request.container))
    base = await peers.store.GetImage(store_pb.GetImageRequest(image=got.container.spec.image_digest))
    config = json.loads(base.config)
    execution = _changed(overridden(config.get("config") or {}, _overrides(got.container.spec)), list(request.changes))
    async with lease(peers, "commit") as lease_name:
        layer = await import_layer(peers, lease_name, _changes_of(peers, request))
        step = Step(
            created=now(),
            created_by=" ".join(got.container.args),
            comment=request.message,
            author=request.author,
            diff_id=layer.diff_id,
        )
        return await create_image(peers, with_step(config, step, execution), names, lease_name)


async def import_image(peers: Peers, host: Host, requests: AsyncIterator[pb.ImportImageRequest]) -> store_pb.Image:
    """An image of one layer; ``requests`` begins with the header."""
    first = await anext(requests, None)
    if first is None or first.WhichOneof("message") != "header":
        raise InvalidArgument("the first message of ImportImage must be its header", reason="HEADER_MISSING")
    header = first.header
    names = full_names(header.reference)
    execution = _changed({}, list(header.changes))
    async with lease(peers, "import") as lease_name:
        layer = await import_layer(peers, lease_name, _data_of(requests))
        config = base_config(
            header.platform.os or "linux", header.platform.architecture or host.architecture, header.platform.variant
        )
        step = Step(created=now(), created_by="", comment=header.message, diff_id=layer.diff_id)
        return await create_image(peers, with_step(config, step, execution), names, lease_name)


async def create_image(peers: Peers, config: Mapping[str, Any], names: list[str], lease_name: str) -> store_pb.Image:
    """The image of a config whose layers are held by the lease."""
    request = store_pb.CreateImageRequest(config=encoded(config), names=names, lease=lease_name)
    return (await peers.store.CreateImage(request)).image


def full_names(reference: str) -> list[str]:
    """A name in full, as a list; empty for no name. InvalidArgument for what is none."""
    if not reference:
        return []
    try:
        return [str(Reference.parse(reference).with_default_tag())]
    except MalformedError as error:
        raise InvalidArgument(error.message, reason=error.reason, metadata={"reference": reference}) from error


def now() -> str:
    """This moment, as configs have it."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _changed(execution: dict[str, Any], changes: list[str]) -> dict[str, Any]:
    try:
        return apply_changes(execution, changes)
    except DockerfileError as error:
        raise InvalidArgument(str(error), reason="CHANGE_INVALID") from error


def _overrides(spec: container_pb2.ContainerSpec) -> Overrides:
    return Overrides(
        env=spec.env,
        command=spec.command,
        entrypoint=spec.entrypoint,
        clear_entrypoint=spec.clear_entrypoint,
        working_dir=spec.working_dir,
        user=spec.user,
        labels=spec.labels,
        exposed_ports=spec.exposed_ports,
        stop_signal=spec.stop_signal,
    )


async def _changes_of(peers: Peers, request: pb.CommitRequest) -> AsyncIterator[bytes]:
    asked = runtime_pb2.ExportChangesRequest(container=request.container, pause=request.pause)
    async for response in peers.runtime.ExportChanges(asked):
        yield response.data


async def _data_of(requests: AsyncIterator[pb.ImportImageRequest]) -> AsyncIterator[bytes]:
    async for request in requests:
        yield request.data
