"""A conversation with a process in a container, for programs that block."""

from collections.abc import Iterator
from types import TracebackType
from typing import Self

from strata.runtime.v1.runtime_pb2 import ExecRequest, ExecResponse, StreamInput, StreamOutput, TerminalSize

from strata_client.wire.channel import Stream


class Session:
    """Iterating gives the process's outputs up to its exit; inputs may be sent at any time in between."""

    def __init__(self, stream: Stream[ExecResponse]) -> None:
        self._stream = stream

    def send(self, stdin: bytes) -> None:
        """Send bytes to the process's stdin."""
        self._send(StreamInput(stdin=stdin))

    def close_stdin(self) -> None:
        """Say that no more follow."""
        self._send(StreamInput(close_stdin=True))

    def resize(self, columns: int, lines: int) -> None:
        """Change the size of its terminal."""
        self._send(StreamInput(resize=TerminalSize(width=columns, height=lines)))

    def signal(self, name: str) -> None:
        """Send a signal, as "SIGINT"."""
        self._send(StreamInput(signal=name))

    def receive(self) -> StreamOutput | None:
        """Wait for the next output; None once the process has ended and all was read."""
        response = self._stream.receive()
        return response.output if response is not None else None

    def _send(self, message: StreamInput) -> None:
        self._stream.send(ExecRequest(input=message))
        self._stream.drain()

    def __iter__(self) -> Iterator[StreamOutput]:
        while (output := self.receive()) is not None:
            yield output

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, _e: BaseException | None, _t: TracebackType | None) -> None:
        self._stream.__exit__(None, None, None)
