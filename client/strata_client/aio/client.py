"""A connection to a gateway for programs that await."""

import os
from types import TracebackType
from typing import Self

from strata_client.aio.containers import Containers
from strata_client.aio.gateway import AsyncGateway
from strata_client.aio.images import Images
from strata_client.aio.system import System
from strata_client.wire.async_channel import AsyncChannel
from strata_client.wire.endpoint import DEFAULT_HOST, Credentials, parse_endpoint


class AsyncClient:
    """All calls of a gateway, by what they are about; any number of them may be under way at once.

    Failures are raised as errors of ``strata_chassis.errors`` (NotFound, Conflict, Unavailable, ...), which carry a
    sentence, a ``reason`` for programs and ``metadata``.
    """

    containers: Containers
    """Run, list, stop, look into."""
    images: Images
    """Pull, list, tag, remove."""
    system: System
    """Versions, facts, disk use, events."""

    def __init__(self, host: str | None = None, tls: Credentials | None = None) -> None:
        """Speak to ``host``, else STRATA_HOST, else this host's own gateway, from ``async with`` on."""
        self._endpoint = parse_endpoint(host or os.environ.get("STRATA_HOST") or DEFAULT_HOST)
        self._tls = tls
        self._channel: AsyncChannel | None = None

    async def connect(self) -> Self:
        """Open the connection; ``async with`` does it as well."""
        self._channel = await AsyncChannel.open(self._endpoint, self._tls)
        gateway = AsyncGateway(self._channel)
        self.containers, self.images, self.system = Containers(gateway), Images(gateway), System(gateway)
        return self

    async def close(self) -> None:
        """Close the connection."""
        if self._channel is not None:
            self._channel.close()
            await self._channel.wait_closed()

    async def __aenter__(self) -> Self:
        return await self.connect()

    async def __aexit__(
        self, kind: type[BaseException] | None, _e: BaseException | None, _t: TracebackType | None
    ) -> None:
        await self.close()
