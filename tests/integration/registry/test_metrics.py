"""What scrapers learn of the service."""

from __future__ import annotations

import http.client
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from strata.registry.v1 import registry_pb2 as pb
from tests.fixtures.fault_registry import FaultRegistry, fault_registry
from tests.fixtures.http_client import HttpClient
from tests.fixtures.registry_service import RegistryProcess, http_flags, registry_service

BLOB = b"a blob of some length" * 1000


@pytest.fixture
def upstream() -> Iterator[FaultRegistry]:
    with fault_registry() as running:
        yield running


@pytest.fixture
def service(tmp_path: Path, upstream: FaultRegistry) -> Iterator[RegistryProcess]:
    with registry_service(tmp_path / "s", *http_flags(f"up={upstream.address}")) as running:
        yield running


def scrape(service: RegistryProcess) -> str:
    """The metrics, from the service's socket."""
    connection = http.client.HTTPConnection("metrics")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(f"{service.folder}/run/registry-metrics.sock")
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    connection.close()
    return text


def value(text: str, sample: str) -> float:
    """One sample's value."""
    match = re.search(rf"^{re.escape(sample)} (\S+)$", text, re.MULTILINE)
    assert match is not None, f"no {sample} in:\n{text}"
    return float(match[1])


async def test_hits_misses_and_bytes_are_counted(service: RegistryProcess, upstream: FaultRegistry) -> None:
    digest = upstream.add_blob("app", BLOB)
    client = HttpClient(service.http_address)
    for _ in range(3):
        assert client.request("GET", f"/v2/up/app/blobs/{digest}").body == BLOB
    async with service.stub() as stub:
        await stub.PruneCache(pb.PruneCacheRequest(keep_bytes=1 << 40))  # waits for the commit
    text = scrape(service)
    assert value(text, 'strata_registry_cache_requests_total{result="miss"}') == 1
    assert value(text, 'strata_registry_cache_requests_total{result="hit"}') == 2
    assert value(text, 'strata_registry_bytes_total{origin="upstream"}') == len(BLOB)
    assert value(text, 'strata_registry_bytes_total{origin="cache"}') == 2 * len(BLOB)
    assert value(text, "strata_registry_upstream_transfers_total") == 1
    assert value(text, "strata_registry_upstream_transfers_in_flight") == 0
    assert value(text, "strata_registry_cache_bytes") == len(BLOB)


def test_requests_are_measured_by_route_and_not_by_name(service: RegistryProcess) -> None:
    client = HttpClient(service.http_address)
    for name in ("one", "two", "three"):
        client.request("GET", f"/v2/{name}/tags/list")
    route = '{code="404",method="GET",route="/v2/{name}/tags/list"}'
    assert value(scrape(service), f"strata_registry_http_duration_seconds_count{route}") == 3


def test_the_metrics_are_as_prometheus_wants_them(service: RegistryProcess) -> None:
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed")
    HttpClient(service.http_address).request("GET", "/v2/")
    checked = subprocess.run(
        ["promtool", "check", "metrics"], input=scrape(service), capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stderr) == (0, "")
