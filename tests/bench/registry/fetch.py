"""What a byte costs on its way through FetchBlob: ``python -m tests.bench.registry.fetch``."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
import time
from pathlib import Path

from strata.registry.v1 import registry_pb2 as pb
from tests.bench.harness import Report, table
from tests.bench.registry.proxies import MIB, cpu_s
from tests.fixtures.docker_registry import docker_registry
from tests.fixtures.images.layout import Layout
from tests.fixtures.registry_service import RegistryProcess, registry_service

SIZE = 126 * 1000 * 1000
ROUNDS = 5


def measure() -> Report:
    """Fetch a blob cold and warm, as messages and as a path."""
    report = Report(f"FetchBlob of {SIZE // 1_000_000} MB")
    folder = Path(tempfile.mkdtemp(prefix="strata-bench-", dir="/tmp"))
    try:
        with docker_registry(folder / "upstream") as upstream, registry_service(folder / "s") as service:
            layout = Layout(folder / "layout")
            blob = layout.add_bytes(os.urandom(SIZE), "application/octet-stream")
            upstream.pusher().push_blob(layout, "app", blob.digest)
            for is_path in (True, False):
                request = pb.FetchBlobRequest(
                    repository=f"{upstream.address}/app", digest=blob.digest, accept_local_path=is_path
                )
                kind = "path" if is_path else "messages"
                for state in ("cold", "warm"):
                    runs = [asyncio.run(_fetch(service, request, is_cold=state == "cold")) for _ in range(ROUNDS)]
                    seconds, cpu = sorted(runs)[ROUNDS // 2]
                    report.add(f"{kind}, {state}: throughput", SIZE / seconds / MIB, "MiB/s")
                    report.add(f"{kind}, {state}: CPU of the service", cpu / SIZE * 1e9, "s/GB")
    finally:
        shutil.rmtree(folder)
    return report


async def _fetch(service: RegistryProcess, request: pb.FetchBlobRequest, *, is_cold: bool) -> tuple[float, float]:
    """Seconds and CPU seconds of one fetch; the CPU includes the commit that follows."""
    async with service.stub() as stub:
        if is_cold:
            await stub.PruneCache(pb.PruneCacheRequest(keep_bytes=0))
        cpu, start = cpu_s(service.process.pid), time.perf_counter()
        async for _ in stub.FetchBlob(request):
            pass
        seconds = time.perf_counter() - start
        await stub.PruneCache(pb.PruneCacheRequest(keep_bytes=1 << 40))  # waits for the commit
        return seconds, cpu_s(service.process.pid) - cpu


if __name__ == "__main__":
    print(table([measure()]))
