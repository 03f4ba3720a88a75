"""A conversation with a process in a container, for programs that await."""

from collections.abc import AsyncIterator
from types import TracebackType
from typing import Self

from strata.runtime.v1.runtime_pb2 import ExecRequest, ExecResponse, StreamInput, StreamOutput, TerminalSize

from strata_client.wire.async_channel import AsyncStream


class AsyncSession:
    """``async for`` gives the process's outputs up to its exit; inputs may be sent at any time in between."""

    def __init__(self, stream: AsyncStream[ExecResponse]) -> None:
        self._stream = stream

    async def send(self, stdin: bytes) -> None:
        """Send bytes to the process's stdin."""
        await self._send(StreamInput(stdin=stdin))

    async def close_stdin(self) -> None:
        """Say that no more follow."""
        await self._send(StreamInput(close_stdin=True))

    async def resize(self, columns: int, lines: int) -> None:
        """Change the size of its terminal."""
        await self._send(StreamInput(resize=TerminalSize(width=columns, height=lines)))

    async def signal(self, name: str) -> None:
        """Send a signal, as "SIGINT"."""
        await self._send(StreamInput(signal=name))

    async def receive(self) -> StreamOutput | None:
        """Wait for the next output; None once the process has ended and all was read."""
        response = await self._stream.receive()
        return response.output if response is not None else None

    async def _send(self, message: StreamInput) -> None:
        await self._stream.send(ExecRequest(input=message))

    async def __aiter__(self) -> AsyncIterator[StreamOutput]:
        while (output := await self.receive()) is not None:
            yield output

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, _e: BaseException | None, _t: TracebackType | None
    ) -> None:
        await self._stream.__aexit__(None, None, None)
