"""Volumes, as docker speaks of them."""

from typing import Any

from strata.runtime.v1 import runtime_pb2 as pb
from strata_gateway.docker_api.filters import Filters
from strata_gateway.docker_api.parameters import understood
from strata_gateway.docker_api.routes import Routes
from strata_gateway.docker_api.times import rfc3339
from strata_gateway.engine.engine import Engine
from strata_gateway.engine.listing import all_volumes
from strata_gateway.web.exchange import Exchange

_FILTERS = ("dangling", "driver", "label", "name")


async def listed(engine: Engine, exchange: Exchange) -> None:
    """GET /volumes."""
    filters = Filters.parse(exchange.request.text("filters"), _FILTERS)
    volumes = [volume async for volume in all_volumes(engine.peers) if _is_selected(volume, filters)]
    await exchange.reply({"Volumes": [volume_shown(volume) for volume in volumes], "Warnings": None})


def _is_selected(volume: pb.Volume, filters: Filters) -> bool:
    dangling = filters.is_true("dangling")
    return (
        (dangling is None or dangling != bool(volume.container_ids))
        and filters.matches_exactly("driver", volume.driver)
        and filters.matches_any("name", [volume.name])
        and filters.matches_labels(volume.labels)
    )


def volume_shown(volume: pb.Volume, *, with_usage: bool = False) -> dict[str, Any]:
    """One volume."""
    shown: dict[str, Any] = {
        "CreatedAt": rfc3339(volume.create_time),
        "Driver": volume.driver,
        "Labels": dict(volume.labels) or None,
        "Mountpoint": volume.mountpoint,
        "Name": volume.name,
        "Options": dict(volume.options) or None,
        "Scope": "local",
    }
    if with_usage:
        shown["UsageData"] = {"RefCount": len(volume.container_ids), "Size": volume.size_bytes}
    return shown


async def create(engine: Engine, exchange: Exchange) -> None:
    """POST /volumes/create."""
    body = await exchange.request.json()
    with understood():
        request = pb.CreateVolumeRequest(
            name=body.get("Name") or "",
            driver=body.get("Driver") or "",
            labels=body.get("Labels") or {},
            options=body.get("DriverOpts") or {},
        )
    made = await engine.peers.runtime.CreateVolume(request)
    await exchange.reply(volume_shown(made.volume), 201)


async def inspect(engine: Engine, exchange: Exchange) -> None:
    """GET /volumes/{name}."""
    got = await engine.peers.runtime.GetVolume(pb.GetVolumeRequest(volume=exchange.parts["name"]))
    await exchange.reply(volume_shown(got.volume))


async def remove(engine: Engine, exchange: Exchange) -> None:
    """DELETE /volumes/{name}."""
    await engine.peers.runtime.DeleteVolume(
        pb.DeleteVolumeRequest(volume=exchange.parts["name"], force=exchange.request.flag("force"))
    )
    await exchange.reply_empty()


ROUTES: Routes = (
    ("GET", "/volumes", listed),
    ("POST", "/volumes/create", create),
    ("GET", "/volumes/{name}", inspect),
    ("DELETE", "/volumes/{name}", remove),
)
