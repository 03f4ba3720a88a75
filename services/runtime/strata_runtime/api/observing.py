"""Logs, events, processes, statistics."""

from collections.abc import AsyncIterator

from google.protobuf.timestamp_pb2 import Timestamp

from strata.runtime.v1 import runtime_pb2 as pb
from strata_chassis.database import Database
from strata_runtime.adapters.logs.entries import LogEntry
from strata_runtime.api.rpc import Context
from strata_runtime.api.translate import timestamp, to_message
from strata_runtime.core.event import Event
from strata_runtime.engine import measuring, output, watching
from strata_runtime.engine.parts import Parts

_NANO = 1_000_000_000


class ObservingCalls:
    """What containers write, do and use."""

    def __init__(self, parts: Parts, database: Database) -> None:
        self._parts = parts
        self._database = database

    async def GetLogs(self, request: pb.GetLogsRequest, _: Context) -> AsyncIterator[pb.GetLogsResponse]:
        """Stream what a container wrote."""
        container = self._parts.containers.find(request.container).container
        wish = output.LogWish(
            follow=request.follow,
            since_ns=_ns(request.since) if request.HasField("since") else 0,
            until_ns=_ns(request.until) if request.HasField("until") else 0,
            tail=request.tail if request.HasField("tail") and request.tail >= 0 else None,
            stdout=not request.exclude_stdout,
            stderr=not request.exclude_stderr,
        )
        async for batch in output.read_log(self._parts, container, wish):
            if batch:
                yield pb.GetLogsResponse(entries=map(_log_entry, batch))

    async def WatchEvents(self, request: pb.WatchEventsRequest, _: Context) -> AsyncIterator[pb.WatchEventsResponse]:
        """Stream events."""
        from datetime import UTC

        events = watching.watch(
            self._database,
            self._parts.journal,
            after=request.after_cursor,
            since=request.since.ToDatetime(tzinfo=UTC) if request.HasField("since") else None,
            until=request.until.ToDatetime(tzinfo=UTC) if request.HasField("until") else None,
        )
        async for event in events:
            yield pb.WatchEventsResponse(event=_event(event))

    async def ListProcesses(self, request: pb.ListProcessesRequest, _: Context) -> pb.ListProcessesResponse:
        """Return a container's processes."""
        container = self._parts.containers.find(request.container).container
        found = await measuring.processes(self._parts, container)
        return pb.ListProcessesResponse(
            processes=[
                pb.ListProcessesResponse.Process(
                    pid=item.pid,
                    ppid=item.ppid,
                    uid=item.uid,
                    start_time=timestamp(item.start_time),
                    cpu_ns=item.cpu_ns,
                    tty=item.tty,
                    command=item.command,
                )
                for item in found
            ]
        )

    async def GetStats(self, request: pb.GetStatsRequest, _: Context) -> AsyncIterator[pb.GetStatsResponse]:
        """Stream what containers use."""
        interval_s = request.interval.ToTimedelta().total_seconds() if request.HasField("interval") else None
        chosen = tuple(request.containers)
        async for batch in measuring.stats(self._parts, chosen, interval_s, with_pss=request.include_pss):
            yield pb.GetStatsResponse(stats=[to_message(pb.ContainerStats, item) for item in batch])


def _log_entry(entry: LogEntry) -> pb.GetLogsResponse.Entry:
    seconds, nanos = divmod(entry.time_ns, _NANO)
    return pb.GetLogsResponse.Entry(
        time=Timestamp(seconds=seconds, nanos=nanos), stderr=entry.is_stderr, data=entry.data
    )


def _ns(time: Timestamp) -> int:
    return time.seconds * _NANO + time.nanos


def _event(event: Event) -> pb.Event:
    return to_message(pb.Event, event)
