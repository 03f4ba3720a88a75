"""Packets to and from the launcher, for asyncio."""

import asyncio
import socket
from pathlib import Path
from typing import Any

from strata_chassis.errors import Unavailable
from strata_runtime.launcher import protocol


class PacketSocket:
    """A connection to the launcher."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._loop = asyncio.get_running_loop()

    @classmethod
    def connect(cls, path: Path) -> "PacketSocket":
        """Connect; a unix socket answers at once. Raises Unavailable."""
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
        try:
            connection.connect(str(path))
        except OSError as error:
            connection.close()
            raise Unavailable("the launcher does not run", reason="LAUNCHER_UNAVAILABLE") from error
        return cls(connection)

    async def send(self, packet: bytes) -> None:
        """Send one packet. Raises Unavailable."""
        try:
            await self._loop.sock_sendall(self._socket, packet)
        except OSError as error:
            raise Unavailable("the launcher has gone", reason="LAUNCHER_UNAVAILABLE") from error

    async def send_message(self, message: dict[str, Any]) -> None:
        """Send a JSON object."""
        await self.send(protocol.message_packet(message))

    async def receive(self) -> bytes:
        """The next packet, b"" at the end."""
        try:
            return await self._loop.sock_recv(self._socket, protocol.MAX_PACKET_BYTES)
        except OSError:
            return b""

    def close(self) -> None:
        """End the connection."""
        self._socket.close()
