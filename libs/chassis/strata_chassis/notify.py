"""Tell the one who started the process (systemd, ``strata up``) how it goes: sd_notify(3), without its library."""

import os
import socket
from collections.abc import Mapping

READY = "READY=1"
STOPPING = "STOPPING=1"


def notify(state: str, env: Mapping[str, str] | None = None) -> None:
    """Send ``state`` to NOTIFY_SOCKET if there is one; whether anybody listens is not our concern."""
    address = (os.environ if env is None else env).get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
        target = "\0" + address[1:] if address.startswith("@") else address
        try:
            sender.sendto(f"{state}\n".encode(), target)
        except OSError:
            return
