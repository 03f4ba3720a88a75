"""Packets that carry descriptors along (SCM_RIGHTS)."""

import socket
from array import array

from strata_runtime.launcher import protocol

_MOST_FDS = 4
_ITEM_BYTES = array("i").itemsize


def send_packet(connection: socket.socket, packet: bytes, fds: tuple[int, ...] = ()) -> None:
    """Send one packet. Raises BlockingIOError, OSError."""
    if fds:
        connection.sendmsg([packet], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array("i", fds))])
    else:
        connection.send(packet)


def receive_packet(connection: socket.socket) -> tuple[bytes, list[int]]:
    """The next packet, b"" at the end, and the descriptors that came with it: the caller's to close."""
    packet, ancillary, _, _ = connection.recvmsg(
        protocol.MAX_PACKET_BYTES, socket.CMSG_SPACE(_MOST_FDS * _ITEM_BYTES), socket.MSG_CMSG_CLOEXEC
    )
    fds = array("i")
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            fds.frombytes(data[: len(data) - len(data) % _ITEM_BYTES])
    return packet, list(fds)
