"""Tell the one who started the process (systemd, ``strata up``) how it goes: sd_notify(3), without its library."""

import os
import socket
from collections.abc import Mapping

READY = "READY=1"
STOPPING = "STOPPING=1"


class Notifier:
    """The way to NOTIFY_SOCKET, opened while the process is still root: later its user may not be let in."""

    def __init__(self, env: Mapping[str, str] | None = None) -> None:
        """Open the way if the environment names one; whether anybody listens is not our concern."""
        address = (os.environ if env is None else env).get("NOTIFY_SOCKET", "")
        self._socket: socket.socket | None = None
        if not address.startswith(("/", "@")):
            return
        opened = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        try:
            opened.connect("\0" + address[1:] if address.startswith("@") else address)
        except OSError:
            opened.close()
        else:
            self._socket = opened

    def tell(self, state: str) -> None:
        """Send ``state``."""
        if self._socket is None:
            return
        try:
            self._socket.send(f"{state}\n".encode())
        except OSError:
            self.close()

    def close(self) -> None:
        """Tell no more."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
