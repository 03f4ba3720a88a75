"""The engine itself, for programs that await."""

from collections.abc import AsyncIterator

from strata.runtime.v1.runtime_pb2 import Event, WatchEventsRequest, WatchEventsResponse

from strata.gateway.v1 import gateway_pb2 as pb
from strata_client.aio.gateway import AsyncGateway


class System:
    """What can be asked of the engine."""

    def __init__(self, gateway: AsyncGateway) -> None:
        self._gateway = gateway

    async def version(self) -> pb.GetVersionResponse:
        """Say which version answers."""
        return await self._gateway.call(pb.GetVersionRequest(), pb.GetVersionResponse)

    async def info(self) -> pb.GetInfoResponse:
        """Say what the engine runs on and with."""
        return await self._gateway.call(pb.GetInfoRequest(), pb.GetInfoResponse)

    async def disk_usage(self, *, include_memory: bool = False) -> pb.GetDiskUsageResponse:
        """Say what images, containers and volumes take, and what could be freed."""
        request = pb.GetDiskUsageRequest(include_memory=include_memory)
        return await self._gateway.call(request, pb.GetDiskUsageResponse)

    async def prune(self, request: pb.PruneRequest) -> pb.PruneResponse:
        """Remove what is not used, of the kinds that ``request`` names."""
        return await self._gateway.call(request, pb.PruneResponse)

    async def events(self, after_cursor: int = 0) -> AsyncIterator[Event]:
        """Give events as they happen; one who remembers the cursor of the last one misses none."""
        request = WatchEventsRequest(after_cursor=after_cursor)
        async with self._gateway.stream(request, WatchEventsResponse) as stream:
            async for response in stream:
                yield response.event
