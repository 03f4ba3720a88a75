"""Many clients, one large blob, two proxies: ours and docker-registry as a pull-through cache.

``python -m tests.bench.registry.proxies``: what reaches the upstream, time to the first byte, throughput, CPU, memory.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.harness import Report, peak_mib, table, timed
from tests.fixtures.cutting_proxy import cutting_proxy
from tests.fixtures.docker_registry import LocalRegistry, docker_registry, start
from tests.fixtures.images.layout import Layout
from tests.fixtures.registry_service import http_flags, registry_service

MIB = 1 << 20
ALONE = 9
CURL = ("curl", "--silent", "--fail", "--output", os.devnull, "--write-out", "%{time_starttransfer}")
TICK_S = 1 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Run:
    """What one crowd of clients met."""

    seconds: float
    first_byte_s: float
    cpu_s: float
    peak_mib: float


@dataclass(frozen=True)
class Proxy:
    """A running proxy: where blobs are, and the process to watch."""

    base_url: str
    pid: int

    def url(self, digest: str) -> str:
        """Where a blob is."""
        return f"{self.base_url}/blobs/{digest}"


def measure(clients: int = 64, size: int = 500 * MIB) -> Report:
    """Cold and warm runs of both proxies on one blob."""
    report = Report(f"{clients} clients of a {size // MIB} MiB blob")
    folder = Path(tempfile.mkdtemp(prefix="strata-bench-", dir="/tmp"))
    try:
        with docker_registry(folder / "upstream") as upstream:
            layout = Layout(folder / "layout")
            big, *small = [push(upstream, layout, length) for length in (size, *[MIB] * ALONE)]
            with cutting_proxy(upstream.address) as relay:
                direct = alone_s(f"http://{relay.address}/v2/app", small)
            report.add("upstream, one client: time to first byte", direct * 1000, "ms")
            for name, begin in (("docker-registry", theirs), ("strata", ours)):
                with cutting_proxy(upstream.address) as relay, begin(folder / name, relay.address) as proxy:
                    first = alone_s(proxy.base_url, small)
                    relayed = relay.relayed
                    cold = crowd(proxy, big, clients)
                    transfers = (relay.relayed - relayed) / size
                    warm = crowd(proxy, big, clients)
                report.add(f"{name}, cold, one client: time to first byte", first * 1000, "ms", mark=1200 * direct)
                report.add(f"{name}, cold: transfers from upstream", transfers, "blobs")
                _add(report, f"{name}, cold", cold, clients * size)
                _add(report, f"{name}, warm", warm, clients * size)
    finally:
        shutil.rmtree(folder)
    return report


def push(upstream: LocalRegistry, layout: Layout, size: int) -> str:
    """Push a blob of random bytes; its digest."""
    blob = layout.add_bytes(os.urandom(size), "application/octet-stream")
    upstream.pusher().push_blob(layout, "app", blob.digest)
    return blob.digest


def crowd(proxy: Proxy, digest: str, clients: int) -> Run:
    """Let ``clients`` fetch a blob at once."""
    cpu = cpu_s(proxy.pid)
    Path(f"/proc/{proxy.pid}/clear_refs").write_text("5")  # forget the peak so far
    command = [*CURL, proxy.url(digest)]
    outputs: list[str] = []

    def fetch() -> None:
        running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(clients)]
        outputs.extend(process.communicate()[0] for process in running)

    seconds = timed(fetch)
    first = statistics.median(map(float, outputs))
    return Run(seconds, first, cpu_s(proxy.pid) - cpu, peak_mib(proxy.pid))


def alone_s(base_url: str, digests: list[str]) -> float:
    """Median time to the first byte of blobs that nobody asked for before, one after the other."""
    commands = [[*CURL, f"{base_url}/blobs/{digest}"] for digest in digests]
    outputs = [subprocess.run(command, capture_output=True, text=True, check=True).stdout for command in commands]
    return statistics.median(map(float, outputs))


@contextmanager
def ours(folder: Path, upstream: str) -> Iterator[Proxy]:
    """The registry service as a proxy."""
    with registry_service(folder, *http_flags(f"up={upstream}")) as service:
        yield Proxy(f"http://{service.http_address}/v2/up/app", service.process.pid)


@contextmanager
def theirs(folder: Path, upstream: str) -> Iterator[Proxy]:
    """docker-registry as a pull-through cache. Source: distribution, "Registry as a pull through cache"."""
    folder.mkdir()
    remote = {"remoteurl": f"http://{upstream}"}
    process, address = start(folder, address="127.0.0.1:0", auth={}, proxy=remote)
    yield Proxy(f"http://{address}/v2/app", process.pid)
    process.kill()
    process.wait()


def cpu_s(pid: int) -> float:
    """CPU time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * TICK_S


def _add(report: Report, name: str, run: Run, total_bytes: int) -> None:
    report.add(f"{name}: throughput", total_bytes / run.seconds / MIB, "MiB/s")
    report.add(f"{name}: median time to first byte", run.first_byte_s * 1000, "ms")
    report.add(f"{name}: CPU", run.cpu_s / total_bytes * 1e9, "s/GB")
    report.add(f"{name}: peak memory", run.peak_mib, "MiB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--mib", type=int, default=500)
    arguments = parser.parse_args()
    print(table([measure(arguments.clients, arguments.mib * MIB)]))
