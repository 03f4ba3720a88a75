"""Events: what happened, as it happens, in docker's documents."""

from typing import Any

from strata.runtime.v1 import runtime_pb2 as pb
from strata_gateway.docker_api.filters import Filters
from strata_gateway.docker_api.routes import Routes
from strata_gateway.docker_api.times import parse_moment
from strata_gateway.engine.engine import Engine
from strata_gateway.web.exchange import Exchange

_FILTERS = ("container", "daemon", "event", "image", "label", "network", "plugin", "scope", "type", "volume")


async def watch(engine: Engine, exchange: Exchange) -> None:
    """GET /events."""
    request = exchange.request
    filters = Filters.parse(request.text("filters"), _FILTERS)
    call = engine.peers.runtime.WatchEvents(
        pb.WatchEventsRequest(since=parse_moment(request.text("since")), until=parse_moment(request.text("until")))
    )
    try:
        await exchange.begin()
        async for response in call:
            if is_selected(response.event, filters):
                await exchange.send_json(event_shown(response.event))
        await exchange.end()
    finally:
        call.cancel()


def is_selected(event: pb.Event, filters: Filters) -> bool:
    """Whether the filters let an event pass."""
    action = event.action.partition(":")[0]
    return (
        filters.matches_exactly("type", event.type)
        and ("event" not in filters or bool({event.action, action} & set(filters.get("event"))))
        and filters.matches_exactly("scope", "local")
        and filters.matches_labels(event.attributes)
        and all(_names(event, kind, filters) for kind in ("container", "image", "network", "volume"))
    )


def _names(event: pb.Event, kind: str, filters: Filters) -> bool:
    if kind not in filters:
        return True
    if event.type == kind:
        names = {event.actor_id, event.attributes.get("name", "")}
        return any(wanted in names or event.actor_id.startswith(wanted) for wanted in filters.get(kind))
    return event.attributes.get(kind, "") in filters.get(kind)


def event_shown(event: pb.Event) -> dict[str, Any]:
    """One document; ``status``, ``id`` and ``from`` are for clients older than Actor."""
    shown: dict[str, Any] = {
        "Type": event.type,
        "Action": event.action,
        "Actor": {"ID": event.actor_id, "Attributes": dict(event.attributes)},
        "scope": "local",
        "time": event.time.seconds,
        "timeNano": event.time.ToNanoseconds(),
    }
    if event.type in {"container", "image"}:
        shown |= {"status": event.action, "id": event.actor_id}
    if event.type == "container" and "image" in event.attributes:
        shown["from"] = event.attributes["image"]
    return shown


ROUTES: Routes = (("GET", "/events", watch),)
