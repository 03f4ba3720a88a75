"""``strata events``."""

from collections.abc import Mapping
from typing import Any

from strata.runtime.v1.runtime_pb2 import Event, WatchEventsRequest, WatchEventsResponse

from strata_client.cli.context import Context, say_now
from strata_client.cli.filters import Filters, parse_filters
from strata_client.cli.options import Command, many, text
from strata_client.cli.parsing import Line
from strata_client.cli.quantities import parse_moment, rfc3339, timestamp
from strata_client.cli.resuming import followed
from strata_client.cli.tables import printable
from strata_client.gateway import Gateway
from strata_client.wire.channel import Stream

_FILTERS = ("container", "event", "image", "label", "network", "type", "volume")


def run(line: Line, context: Context) -> int:
    """Print events as they come, until Ctrl-C or the time that was given."""
    filters = parse_filters(line.many("filter"), _FILTERS)
    request = WatchEventsRequest(
        after_cursor=line.number("after") or 0,
        since=timestamp(parse_moment(line.text("since"))) if line.text("since") else None,
        until=timestamp(parse_moment(line.text("until"))) if line.text("until") else None,
    )
    write = _writer(line.text("format"))

    def begin(gateway: Gateway) -> Stream[WatchEventsResponse]:
        return gateway.stream(request, WatchEventsResponse)

    for response in followed(context, begin):
        if _matches(response.event, filters):
            write(response.event)
        request.after_cursor = response.event.cursor
    return 0


def _matches(event: Event, filters: Filters) -> bool:
    """Whether an event passes; a filter by kind of actor means its ID or its name."""
    attributes = event.attributes
    for key, values in filters.items():
        if key == "label":
            is_wanted = any(_has(attributes, value) for value in values)
        elif key in {"type", "event"}:
            is_wanted = (event.type if key == "type" else event.action.partition(":")[0]) in values
        else:
            is_actor = event.type == key
            names = {attributes.get("name", ""), event.actor_id if is_actor else ""}
            image = {attributes.get("image", "")} if key == "image" else set()
            is_wanted = any(value in (names if is_actor else set()) | image for value in values) or (
                is_actor and any(event.actor_id.startswith(value) for value in values)
            )
        if not is_wanted:
            return False
    return True


def _has(attributes: Mapping[str, str], label: str) -> bool:
    key, separator, value = label.partition("=")
    return key in attributes and (not separator or attributes[key] == value)


def _writer(template: str) -> Any:
    if not template:
        return lambda event: say_now(printable(line_of(event)))
    from strata_client.cli.templates import Template

    compiled = Template("{{json .}}" if template == "json" else template)
    return lambda event: say_now(compiled.render(_fields(event)))


def line_of(event: Event) -> str:
    """An event in docker's form: time, type, action, actor, (facts)."""
    facts = ", ".join(f"{key}={value}" for key, value in sorted(event.attributes.items()))
    when = rfc3339(event.time, is_local=True)
    return f"{when} {event.type} {event.action} {event.actor_id}" + (f" ({facts})" if facts else "")


def _fields(event: Event) -> dict[str, Any]:
    return {
        "Type": event.type,
        "Action": event.action,
        "Actor": {"ID": event.actor_id, "Attributes": dict(event.attributes)},
        "time": event.time.seconds,
        "timeNano": event.time.seconds * 10**9 + event.time.nanos,
        "Cursor": event.cursor,
    }


COMMANDS = {
    "events": Command(
        name="events",
        usage="",
        summary="Show what happens, as it happens",
        run=run,
        options=(
            text("--after", "CURSOR", "Go on after this event: {{.Cursor}} of the last one seen"),
            many("-f --filter", "KEY=VALUE", f"Show only what matches; keys: {', '.join(_FILTERS)}"),
            text("--format", "TEMPLATE", '"json" or a Go template: {{.Type}} {{.Action}}'),
            text("--since", "TIME", "Begin with the events of this time: 2026-01-31T12:00:00Z, or 10m"),
            text("--until", "TIME", "End at this time"),
        ),
        notes="Events are kept: one who remembers the cursor of the last event that he saw misses none.",
        examples="""
            strata events --since 1h --until 0s  # of the last hour
            strata events -f event=die --format '{{.Actor.Attributes.name}}'  # names of what exits
        """,
    )
}
