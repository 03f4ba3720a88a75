"""Learn from the services themselves when they are ready (the sd_notify protocol), without polling or sleeping."""

import os
import select
import socket
import struct
import time
from collections.abc import Collection
from pathlib import Path
from types import TracebackType
from typing import Self

_UCRED = struct.Struct("iii")
_ANCILLARY_BYTES = socket.CMSG_SPACE(_UCRED.size)


class ReadyListener:
    """A notification socket on which the children of one ``up`` report ``READY=1``.

    The kernel attests the sender's pid (SCM_CREDENTIALS), so that no process can report for another.
    Source: sd_notify(3).
    """

    def __init__(self, path: Path, group_id: int) -> None:
        self.path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        path.unlink(missing_ok=True)
        self._socket.bind(str(path))
        path.chmod(0o660)
        if os.geteuid() == 0:
            os.chown(path, 0, group_id)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._socket.close()
        self.path.unlink(missing_ok=True)

    def wait(self, pids: Collection[int], deadline: float) -> tuple[set[int], set[int]]:
        """Block until one of ``pids`` reports or ends, or the deadline (monotonic) is over: (ready, ended)."""
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        pidfds = {os.pidfd_open(pid): pid for pid in pids}
        try:
            for pidfd in pidfds:
                poll.register(pidfd, select.POLLIN)
            events = {fd for fd, _ in poll.poll(max(0, int((deadline - time.monotonic()) * 1000)))}
        finally:
            for pidfd in pidfds:
                os.close(pidfd)
        ready = self._receive() if self._socket.fileno() in events else set()
        ended = {pid for pidfd, pid in pidfds.items() if pidfd in events}
        return ready & set(pids), ended

    def _receive(self) -> set[int]:
        ready: set[int] = set()
        while True:
            try:
                message, ancillary, _, _ = self._socket.recvmsg(4096, _ANCILLARY_BYTES, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return ready
            if b"READY=1" in message.splitlines():
                ready |= {
                    _UCRED.unpack(data[: _UCRED.size])[0]
                    for level, kind, data in ancillary
                    if (level, kind) == (socket.SOL_SOCKET, socket.SCM_CREDENTIALS)
                }
