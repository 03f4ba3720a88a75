"""A whole service for the tests of its process: ``python probe_service.py --run-dir … --state-dir …``."""

import asyncio
import os
import sys
from contextlib import asynccontextmanager

import grpc

from strata_chassis.config import ServiceConfig
from strata_chassis.errors import FailedPrecondition
from strata_chassis.service import run_service


class Probe:
    def __init__(self, server):
        self._server = server
        self._calls = 0

    async def count(self, request, context):
        self._calls += 1
        return str(self._calls).encode()

    async def stay(self, request, context):
        """Answer at once, and once more in the drain."""
        yield b"here"
        await self._server.draining.wait()
        yield b"goodbye"

    async def forever(self, request, context):
        yield b"here"
        await asyncio.Event().wait()

    async def whoami(self, request, context):
        import late_module  # where the tests' process put it: below a directory that only root may enter

        return f"{os.getuid()} {late_module.ANSWER}".encode()


def attach(probe, server):
    methods = {
        "stay": grpc.unary_stream_rpc_method_handler(probe.stay),
        "forever": grpc.unary_stream_rpc_method_handler(probe.forever),
        "count": grpc.unary_unary_rpc_method_handler(probe.count),
        "whoami": grpc.unary_unary_rpc_method_handler(probe.whoami),
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("test.v1.ProbeService", methods),))


@asynccontextmanager
async def wire(config, server, metrics):
    if os.environ.get("PROBE_FAILS"):
        raise FailedPrecondition("the probe was told to fail")
    server.add(attach, Probe(server))
    (config.state_dir / "probe" / "wired").touch()
    yield
    (config.state_dir / "probe" / "unwired").touch()


if __name__ == "__main__":
    sys.exit(run_service("probe", ServiceConfig, wire))
