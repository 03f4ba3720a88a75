"""The store service as a process of its own, beside a registry service, with all state below one folder."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from strata.store.v1.store_pb2_grpc import StoreServiceStub

from strata_chassis.channel import connect

START_TIMEOUT_S = 60


@dataclass
class StoreProcess:
    """A running store; ``kill`` and ``start`` it as often as a test wants to."""

    folder: Path
    registry: str
    process: subprocess.Popen[bytes] | None = None

    @asynccontextmanager
    async def stub(self) -> AsyncIterator[Any]:
        """A client of it."""
        async with connect(f"unix://{self.folder}/run/store.sock") as channel:
            yield StoreServiceStub(channel)

    @property
    def root(self) -> Path:
        """Its content root."""
        return self.folder / "state" / "store"

    def kill(self) -> None:
        """End it as a crash would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def stop(self) -> int:
        """End it as systemd would."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        status, self.process = self.process.wait(), None
        return status

    def start(self) -> None:
        """Start it, and wait for its READY=1."""
        notify = self.folder / "store-notify.sock"
        notify.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
            listener.bind(str(notify))
            listener.settimeout(START_TIMEOUT_S)
            command = [sys.executable, "-m", "strata_store", "--run-dir", f"{self.folder}/run", "--state-dir"]
            command += [f"{self.folder}/state", "--registry", self.registry]
            environment = {**os.environ, "NOTIFY_SOCKET": str(notify), "STRATA_CONFIG": os.devnull}
            with (self.folder / "store.log").open("ab") as log:
                self.process = subprocess.Popen(command, stderr=log, env=environment)
            assert listener.recv(100).startswith(b"READY=1")


@contextmanager
def store_service(folder: Path, registry: str) -> Iterator[StoreProcess]:
    """Run a store that fetches through the registry service at ``registry``; killed at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    service = StoreProcess(folder, registry)
    service.start()
    try:
        yield service
    finally:
        service.kill()
