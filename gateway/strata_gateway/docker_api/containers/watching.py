"""What a container wrote and what it uses, once or as it goes on."""

from google.protobuf.duration_pb2 import Duration

from strata.runtime.v1 import runtime_pb2 as pb
from strata_chassis.errors import InvalidArgument
from strata_gateway.docker_api.containers.attaching import get
from strata_gateway.docker_api.containers.usage import stats_shown
from strata_gateway.docker_api.frames import Stream, frame
from strata_gateway.docker_api.parameters import stream_type
from strata_gateway.docker_api.routes import Routes
from strata_gateway.docker_api.times import log_time, parse_moment
from strata_gateway.engine.engine import Engine
from strata_gateway.web.exchange import Exchange

_INTERVAL = Duration(seconds=1)


async def logs(engine: Engine, exchange: Exchange) -> None:
    """GET /containers/{id}/logs."""
    request = exchange.request
    if not (request.flag("stdout") or request.flag("stderr")):
        raise InvalidArgument("Bad parameters: you must choose at least one stream", reason="PARAMETER_INVALID")
    tail = request.text("tail", "all")
    tty = (await get(engine, exchange.parts["id"])).spec.tty
    asked = pb.GetLogsRequest(
        container=exchange.parts["id"],
        follow=request.flag("follow"),
        since=parse_moment(request.text("since")),
        until=parse_moment(request.text("until")),
        tail=int(tail) if tail.isdecimal() else None,
        exclude_stdout=not request.flag("stdout"),
        exclude_stderr=not request.flag("stderr"),
    )
    await exchange.begin(stream_type(exchange, tty=tty))
    async for response in engine.peers.runtime.GetLogs(asked):
        entries = (_entry(entry, tty=tty, timestamps=request.flag("timestamps")) for entry in response.entries)
        await exchange.send(b"".join(entries))
    await exchange.end()


def _entry(entry: pb.GetLogsResponse.Entry, *, tty: bool, timestamps: bool) -> bytes:
    data = f"{log_time(entry.time)} ".encode() + entry.data if timestamps else entry.data
    return data if tty else frame(Stream.STDERR if entry.stderr else Stream.STDOUT, data)


async def stats(engine: Engine, exchange: Exchange) -> None:
    """GET /containers/{id}/stats: a document a second, or one that compares two moments a second apart."""
    request = exchange.request
    container = await get(engine, exchange.parts["id"])
    wants_one, is_single = not request.flag("stream", default=True), request.flag("one-shot")
    asked = pb.GetStatsRequest(containers=[container.id], interval=None if wants_one and is_single else _INTERVAL)
    before: pb.ContainerStats | None = None
    call = engine.peers.runtime.GetStats(asked)
    try:
        await exchange.begin()
        async for response in call:
            for now in response.stats:
                if is_single or not wants_one or before is not None:
                    await exchange.send_json(stats_shown(now, before))
                if wants_one and (is_single or before is not None):
                    await exchange.end()
                    return
                before = now
        await exchange.end()
    finally:
        call.cancel()


ROUTES: Routes = (
    ("GET", "/containers/{id}/logs", logs),
    ("GET", "/containers/{id}/stats", stats),
)
