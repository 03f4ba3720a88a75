"""Prune calls: one per kind of thing."""

import time

from google.protobuf.timestamp_pb2 import Timestamp

from strata.gateway.v1 import gateway_pb2 as pb
from strata_gateway.docker_api.durations import seconds_of
from strata_gateway.docker_api.filters import Filters
from strata_gateway.docker_api.images.names import familiar
from strata_gateway.docker_api.parameters import version_of
from strata_gateway.docker_api.routes import Routes
from strata_gateway.docker_api.times import parse_moment
from strata_gateway.docker_api.versions import ApiVersion
from strata_gateway.engine.engine import Engine
from strata_gateway.web.exchange import Exchange

_ANONYMOUS_VOLUMES_ONLY_SINCE = ApiVersion(1, 42)


def _filters(exchange: Exchange, *more: str) -> Filters:
    return Filters.parse(exchange.request.text("filters"), ("label", "label!", "until", *more))


def _selecting(filters: Filters) -> pb.PruneRequest:
    labels = [*filters.get("label"), *(f"!{label}" for label in filters.get("label!"))]
    return pb.PruneRequest(labels=labels, until=_moment(filters.one("until") or ""))


def _moment(text: str) -> Timestamp | None:
    """A moment, or a time span before now: "24h"."""
    span_s = seconds_of(text)
    return parse_moment(text) if span_s is None else Timestamp(seconds=int(time.time() - span_s))


async def containers(engine: Engine, exchange: Exchange) -> None:
    """POST /containers/prune."""
    request = _selecting(_filters(exchange))
    request.containers = True
    done = await engine.prune(request)
    await exchange.reply({"ContainersDeleted": list(done.containers) or None, "SpaceReclaimed": done.bytes_freed})


async def images(engine: Engine, exchange: Exchange) -> None:
    """POST /images/prune."""
    filters = _filters(exchange, "dangling")
    request = _selecting(filters)
    only_dangling = filters.is_true("dangling") is not False
    request.dangling_images, request.unused_images = only_dangling, not only_dangling
    done = await engine.prune(request)
    deleted = [
        *({"Untagged": familiar(name)} for name in done.untagged),
        *({"Deleted": digest} for digest in done.deleted),
    ]
    await exchange.reply({"ImagesDeleted": deleted or None, "SpaceReclaimed": done.bytes_freed})


async def volumes(engine: Engine, exchange: Exchange) -> None:
    """POST /volumes/prune: without ``all`` only those that nobody has named, as newer clients count on."""
    filters = _filters(exchange, "all")
    request = _selecting(filters)
    takes_named = filters.is_true("all") or version_of(exchange) < _ANONYMOUS_VOLUMES_ONLY_SINCE
    request.unused_volumes, request.anonymous_volumes = bool(takes_named), not takes_named
    done = await engine.prune(request)
    await exchange.reply({"VolumesDeleted": list(done.volumes) or None, "SpaceReclaimed": done.bytes_freed})


async def networks(engine: Engine, exchange: Exchange) -> None:
    """POST /networks/prune."""
    request = _selecting(_filters(exchange))
    request.networks = True
    done = await engine.prune(request)
    await exchange.reply({"NetworksDeleted": list(done.networks) or None})


async def build_cache(engine: Engine, exchange: Exchange) -> None:
    """POST /build/prune."""
    done = await engine.prune(pb.PruneRequest(build_cache=True))
    await exchange.reply({"CachesDeleted": [], "SpaceReclaimed": done.bytes_freed})


ROUTES: Routes = (
    ("POST", "/containers/prune", containers),
    ("POST", "/images/prune", images),
    ("POST", "/volumes/prune", volumes),
    ("POST", "/networks/prune", networks),
    ("POST", "/build/prune", build_cache),
)
