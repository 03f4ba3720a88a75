"""Packets to and from the launcher, for asyncio."""

import asyncio
import socket
from pathlib import Path
from typing import Any

from strata_chassis.errors import Unavailable
from strata_runtime.launcher import protocol
from strata_runtime.launcher.descriptors import receive_packet, send_packet


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

    async def send_message_with_fd(self, message: dict[str, Any], fd: int) -> None:
        """Send a JSON object and a descriptor. Raises Unavailable."""
        try:
            send_packet(self._socket, protocol.message_packet(message), (fd,))
        except OSError as error:
            raise Unavailable("the launcher has gone", reason="LAUNCHER_UNAVAILABLE") from error

    async def receive_with_fds(self) -> tuple[bytes, list[int]]:
        """The next packet, b"" at the end, with the descriptors that came with it."""
        while True:
            try:
                return receive_packet(self._socket)
            except BlockingIOError:
                await self._readable()
            except OSError:
                return b"", []

    async def _readable(self) -> None:
        ready: asyncio.Future[None] = self._loop.create_future()
        self._loop.add_reader(self._socket, _resolve, ready)
        try:
            await ready
        finally:
            self._loop.remove_reader(self._socket)

    def close(self) -> None:
        """End the connection."""
        self._socket.close()


def _resolve(ready: "asyncio.Future[None]") -> None:
    if not ready.done():
        ready.set_result(None)
