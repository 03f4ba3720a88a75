"""The demo's local registry: ``up`` builds the images, starts it and fills it; ``down`` ends it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import sys
from pathlib import Path

from tests.fixtures.docker_registry import start
from tests.fixtures.images.catalogue import CHECKOUT, build_debian
from tests.fixtures.images.push import Pusher

FOLDER = CHECKOUT / ".cache" / "demo"
IMAGES = ("debian:bookworm", "debian:trixie", "python:bookworm")
USUAL_PORT = 5000


def up() -> None:
    """Build, start, push; print nothing but progress."""
    layout = build_debian(IMAGES, say=lambda line: print(f"  {line}", flush=True))
    down()
    FOLDER.mkdir(parents=True)
    process, address = start(FOLDER, address=f"127.0.0.1:{_port()}", auth={})
    (FOLDER / "pid").write_text(str(process.pid))
    (FOLDER / "address").write_text(f"localhost:{address.rpartition(':')[2]}")
    process.returncode = 0  # it goes on without us
    for reference in IMAGES:
        digest = Pusher(address).push(layout, reference, layout.names()[reference])
        print(f"  {reference:16} {digest[:19]}", flush=True)


def down() -> None:
    """End the registry, if it runs, and remove its files."""
    try:
        pid = int((FOLDER / "pid").read_text())
        if str(FOLDER) in Path(f"/proc/{pid}/cmdline").read_text():
            os.kill(pid, signal.SIGKILL)
    except FileNotFoundError:
        pass
    shutil.rmtree(FOLDER, ignore_errors=True)


def _port() -> int:
    """The port such registries usually have, or 0 (any) where it is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", USUAL_PORT))
        except OSError:
            return 0
    return USUAL_PORT


if __name__ == "__main__":
    {"up": up, "down": down}[sys.argv[1]]()
