"""Looking at images: list, inspect, history."""

import json
from collections.abc import Mapping
from typing import Any

from strata.store.v1 import store_pb2 as pb
from strata_gateway.docker_api.filters import Filters
from strata_gateway.docker_api.images.names import familiar
from strata_gateway.docker_api.routes import Routes
from strata_gateway.docker_api.times import parse_moment, rfc3339
from strata_gateway.engine.engine import Engine
from strata_gateway.engine.listing import all_images
from strata_gateway.web.exchange import Exchange

FILTERS = ("before", "dangling", "label", "reference", "since", "until")


async def listed(engine: Engine, exchange: Exchange) -> None:
    """GET /images/json."""
    filters = Filters.parse(exchange.request.text("filters"), FILTERS)
    patterns = filters.get("reference") or [""]
    found = {image.digest: image for pattern in patterns async for image in all_images(engine.peers, pattern)}
    chosen = [image for image in found.values() if _is_selected(image, filters)]
    for name, keeps in (("before", _is_older), ("since", _is_newer)):
        if name in filters:
            other = (await engine.peers.store.GetImage(pb.GetImageRequest(image=filters.get(name)[0]))).image
            chosen = [image for image in chosen if keeps(image, other)]
    await exchange.reply([summarised(image) for image in chosen])


def _is_selected(image: pb.Image, filters: Filters) -> bool:
    dangling = filters.is_true("dangling")
    until = parse_moment(filters.one("until") or "")
    return (
        (dangling is None or dangling != bool(image.names))
        and filters.matches_labels(image.labels)
        and (until is None or image.create_time.seconds < until.seconds)
    )


def _is_older(image: pb.Image, other: pb.Image) -> bool:
    return image.create_time.ToNanoseconds() < other.create_time.ToNanoseconds()


def _is_newer(image: pb.Image, other: pb.Image) -> bool:
    return image.create_time.ToNanoseconds() > other.create_time.ToNanoseconds()


def summarised(image: pb.Image, shared_bytes: int = -1, containers: int = -1) -> dict[str, Any]:
    """One entry of the list."""
    return {
        "Id": image.id,
        "ParentId": "",
        "RepoTags": [familiar(name) for name in image.names],
        "RepoDigests": [familiar(name) for name in image.repo_digests],
        "Created": image.create_time.seconds,
        "Size": image.logical_bytes,
        "SharedSize": shared_bytes,
        "Labels": dict(image.labels) or None,
        "Containers": containers,
    }


async def inspect(engine: Engine, exchange: Exchange) -> None:
    """GET /images/{name}/json."""
    got = await engine.peers.store.GetImage(pb.GetImageRequest(image=exchange.parts["name"]))
    await exchange.reply(inspected(got.image, json.loads(got.config)))


def inspected(image: pb.Image, config: Mapping[str, Any]) -> dict[str, Any]:
    """The whole document."""
    history = config.get("history") or [{}]
    return {
        "Id": image.id,
        "RepoTags": [familiar(name) for name in image.names],
        "RepoDigests": [familiar(name) for name in image.repo_digests],
        "Parent": "",
        "Comment": history[-1].get("comment", ""),
        "Created": config.get("created") or rfc3339(image.create_time),
        "DockerVersion": config.get("docker_version", ""),
        "Author": config.get("author", ""),
        "Config": config.get("config") or {},
        "Architecture": image.platform.architecture,
        "Variant": image.platform.variant,
        "Os": image.platform.os,
        "Size": image.logical_bytes,
        "GraphDriver": {"Name": "strata", "Data": None},
        "RootFS": {"Type": "layers", "Layers": list(image.diff_ids)},
        "Metadata": {"LastTagTime": rfc3339(image.store_time)},
    }


async def history(engine: Engine, exchange: Exchange) -> None:
    """GET /images/{name}/history: newest first; sizes are of the layers' tars."""
    got = await engine.peers.store.GetImage(pb.GetImageRequest(image=exchange.parts["name"]))
    sizes = [await _layer_bytes(engine, diff_id) for diff_id in got.image.diff_ids]
    await exchange.reply(history_shown(got.image, json.loads(got.config), sizes))


async def _layer_bytes(engine: Engine, diff_id: str) -> int:
    return (await engine.peers.store.GetLayer(pb.GetLayerRequest(diff_id=diff_id))).layer.logical_bytes


def history_shown(image: pb.Image, config: Mapping[str, Any], sizes: list[int]) -> list[dict[str, Any]]:
    """Steps and the layers they made; steps that made none have size 0."""
    told = config.get("history") or []
    untold = len(sizes) - sum(not step.get("empty_layer") for step in told)
    steps = [*({} for _ in range(untold)), *told]  # the layers of a base that has no history come first
    remaining = iter(sizes)
    shown = [
        {
            "Id": "<missing>",
            "Created": _seconds(step.get("created", "")),
            "CreatedBy": step.get("created_by", ""),
            "Tags": None,
            "Size": 0 if step.get("empty_layer") else next(remaining, 0),
            "Comment": step.get("comment", ""),
        }
        for step in steps
    ]
    if shown:
        shown[-1] |= {"Id": image.id, "Tags": [familiar(name) for name in image.names] or None}
    return shown[::-1]


def _seconds(created: str) -> int:
    moment = parse_moment(created)
    return moment.seconds if moment else 0


ROUTES: Routes = (
    ("GET", "/images/json", listed),
    ("GET", "/images/{name*}/json", inspect),
    ("GET", "/images/{name*}/history", history),
)
