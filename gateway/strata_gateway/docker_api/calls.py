"""The engine's two-way calls as sessions: a header goes first, input follows, the first answer says that it stands."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any, Self

import grpc

from strata.runtime.v1 import runtime_pb2 as pb
from strata_chassis.errors import StrataError
from strata_gateway.adapters.peers import Peers


class EngineSession:
    """A running Attach or Exec. Use it as ``async with``: leaving the block ends the call, not the container."""

    def __init__(self, call: Any, request: type[pb.AttachRequest] | type[pb.ExecRequest]) -> None:
        self.started = pb.SessionStarted()
        self._call = call
        self._request = request

    async def begin(self, header: pb.AttachHeader | pb.ExecHeader) -> Self:
        """Send the header and wait until the session stands; raises the engine's error if it does not."""
        await self._call.write(self._request(header=header))  # type: ignore[arg-type] # the pair always fits
        response = await self._call.read()
        if response is not grpc.aio.EOF:
            self.started = response.output.started
        return self

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._call.cancel()

    async def outputs(self) -> AsyncIterator[pb.StreamOutput]:
        """What comes out."""
        while (response := await self._call.read()) is not grpc.aio.EOF:
            yield response.output

    async def send(self, data: pb.StreamInput) -> None:
        """Put something in; for a session that is over it is too late, which its output tells better."""
        with contextlib.suppress(StrataError, asyncio.InvalidStateError):
            await self._call.write(self._request(input=data))


def attach_session(peers: Peers) -> EngineSession:
    """A session with a container's own process."""
    return EngineSession(peers.runtime.Attach(), pb.AttachRequest)


def exec_session(peers: Peers) -> EngineSession:
    """A session with a further process."""
    return EngineSession(peers.runtime.Exec(), pb.ExecRequest)
