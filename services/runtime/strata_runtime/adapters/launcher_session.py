"""A client's connection to the streams of one task."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from strata_runtime.adapters.launcher_socket import PacketSocket
from strata_runtime.launcher import protocol


@dataclass(frozen=True, slots=True)
class Output:
    """Bytes of stdout or the terminal, or of stderr."""

    data: bytes
    is_stderr: bool = False


@dataclass(frozen=True, slots=True)
class Ended:
    """The task has ended, and its output is complete."""

    status: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class LogPlace:
    """A place in the task's log: the log grew up to it (``follows``), or a slow client has to read on from it."""

    generation: int
    offset: int
    lagged: bool = False


SessionEvent = Output | Ended | LogPlace
_CHUNK_BYTES = 65536


class Session:
    """Streams of one task. Closing it leaves the task alone."""

    def __init__(self, connection: PacketSocket, answer: dict[str, Any], early: list[bytes]) -> None:
        self._connection = connection
        self._early = early
        self.pid = int(answer.get("pid", 0))
        log = answer.get("log") or {}
        self.log_place = LogPlace(log["generation"], log["offset"]) if log else None

    async def events(self) -> AsyncIterator[SessionEvent]:
        """What the task writes, then its end. Ends early if the launcher dies."""
        while packet := await self._next():
            if not protocol.is_message(packet):
                yield Output(packet[1:], packet[0] == protocol.STDERR)
                continue
            event = _parse_event(protocol.parse_message(packet))
            if event is not None:
                yield event
            if isinstance(event, Ended):
                return

    async def _next(self) -> bytes:
        return self._early.pop(0) if self._early else await self._connection.receive()

    async def send_stdin(self, data: bytes) -> None:
        """Feed the task's stdin; waits while it does not read."""
        for start in range(0, len(data), _CHUNK_BYTES):
            await self._connection.send(protocol.data_packet(protocol.STDIN, data[start : start + _CHUNK_BYTES]))

    async def close_stdin(self) -> None:
        """No more stdin."""
        await self._connection.send_message({"op": "close_stdin"})

    async def resize(self, columns: int, rows: int) -> None:
        """Set the terminal's size."""
        await self._connection.send_message({"op": "resize", "rows": rows, "columns": columns})

    def close(self) -> None:
        """Disconnect."""
        self._connection.close()


def _parse_event(message: dict[str, Any]) -> SessionEvent | None:
    kind = message.get("event")
    if kind == "exit":
        return Ended(int(message["status"]), str(message.get("reason", "")))
    if kind in ("log", "lagged") and "offset" in message:
        return LogPlace(int(message["generation"]), int(message["offset"]), kind == "lagged")
    return None
