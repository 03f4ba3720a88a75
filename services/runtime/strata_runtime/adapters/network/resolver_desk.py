"""Where one container asks for names."""

import asyncio
import socket
import struct
from dataclasses import dataclass

from strata_runtime.adapters.network.upstream import ask_upstream
from strata_runtime.core.network.answering import Asker, answer
from strata_runtime.core.network.directory import Directory
from strata_runtime.core.network.dns_message import (
    MalformedQuery,
    Query,
    ResponseCode,
    failure,
    for_udp,
    malformed_answer,
    parse_query,
)

_MOST_UNDER_WAY = 128
_CONNECTION_IDLE_S = 10.0
_DATAGRAM_BYTES = 4096
_DATAGRAMS_AT_ONCE = 16
_LENGTH = struct.Struct("!H")


@dataclass(slots=True, eq=False)
class ResolverDesk:
    """Answers a container on its two sockets, which it owns. ``asker`` may change at any time.

    What a container has under way is bounded: questions beyond that are dropped, as on a busy network.
    """

    directory: Directory
    asker: Asker
    datagrams: socket.socket
    connections: socket.socket
    under_way: int = 0

    async def run(self) -> None:
        """Serve until cancelled; then close the sockets."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.TaskGroup() as group:
                loop.add_reader(self.datagrams, self._on_datagrams, group)
                loop.add_reader(self.connections, self._on_connection, group)
                await loop.create_future()  # for ever
        finally:
            for each in (self.datagrams, self.connections):
                loop.remove_reader(each)
                each.close()

    def _on_datagrams(self, group: asyncio.TaskGroup) -> None:
        for _ in range(_DATAGRAMS_AT_ONCE):
            try:
                message, client = self.datagrams.recvfrom(_DATAGRAM_BYTES)
            except OSError:
                return
            self._on_question(group, message, client)

    def _on_question(self, group: asyncio.TaskGroup, message: bytes, client: tuple[str, int]) -> None:
        try:
            query = parse_query(message)
        except MalformedQuery:
            self._send(malformed_answer(message), client)
            return
        own = answer(self.directory, self.asker, query)
        if own is not None:
            self._send(for_udp(query, own), client)
        elif self.under_way < _MOST_UNDER_WAY:
            self.under_way += 1
            group.create_task(self._pass_on(query, message, client))

    async def _pass_on(self, query: Query, message: bytes, client: tuple[str, int]) -> None:
        try:
            found = await ask_upstream(message, self.asker.nameservers, by_stream=False)
            self._send(found or failure(query, ResponseCode.SERVER_FAILURE), client)
        finally:
            self.under_way -= 1

    def _send(self, message: bytes, client: tuple[str, int]) -> None:
        """Send an answer; who cannot take it asks again."""
        if message:
            try:
                self.datagrams.sendto(message, client)
            except OSError:
                return

    def _on_connection(self, group: asyncio.TaskGroup) -> None:
        try:
            connection, _ = self.connections.accept()
        except OSError:
            return
        if self.under_way >= _MOST_UNDER_WAY:
            connection.close()
            return
        self.under_way += 1
        connection.setblocking(False)  # noqa: FBT003 - no name to give it by
        group.create_task(self._serve_connection(connection))

    async def _serve_connection(self, connection: socket.socket) -> None:
        try:
            reader, writer = await asyncio.open_connection(sock=connection)
            try:
                while True:
                    async with asyncio.timeout(_CONNECTION_IDLE_S):
                        (size,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
                        message = await reader.readexactly(size)
                    reply = await self._reply(message)
                    async with asyncio.timeout(_CONNECTION_IDLE_S):
                        writer.write(_LENGTH.pack(len(reply)) + reply)
                        await writer.drain()
            finally:
                writer.close()
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            return
        finally:
            self.under_way -= 1
            connection.close()

    async def _reply(self, message: bytes) -> bytes:
        try:
            query = parse_query(message)
        except MalformedQuery:
            return malformed_answer(message)
        own = answer(self.directory, self.asker, query)
        if own is not None:
            return own
        found = await ask_upstream(message, self.asker.nameservers, by_stream=True)
        return found or failure(query, ResponseCode.SERVER_FAILURE)
