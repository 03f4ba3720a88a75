"""Clients over HTTP while upstream is slow, lies or dies."""

from __future__ import annotations

import http.client
import random
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from strata.registry.v1 import registry_pb2 as pb
from tests.fixtures.fault_registry import Fault, FaultRegistry, fault_registry
from tests.fixtures.http_client import HttpClient
from tests.fixtures.images.catalogue import build_tiny
from tests.fixtures.registry_service import RegistryProcess, http_flags, registry_service

MIB = 1 << 20
BLOB = random.Random(2).randbytes(8 * MIB)  # noqa: S311 - the same on every run


@pytest.fixture
def upstream() -> Iterator[FaultRegistry]:
    with fault_registry() as running:
        yield running


@pytest.fixture
def proxy(tmp_path: Path, upstream: FaultRegistry) -> Iterator[RegistryProcess]:
    flags = (*http_flags(f"up={upstream.address}"), "--transfer-attempts", "2", "--retry-attempts", "2")
    with registry_service(tmp_path / "s", *flags) as running:
        yield running


@contextmanager
def opened(proxy: RegistryProcess, digest: str) -> Iterator[http.client.HTTPResponse]:
    """Begin to fetch a blob; the connection ends with the block."""
    with closing(http.client.HTTPConnection(proxy.http_address, timeout=60)) as connection:
        connection.request("GET", f"/v2/up/app/blobs/{digest}")
        with connection.getresponse() as response:
            yield response


def fetched(proxy: RegistryProcess, digest: str) -> bytes:
    """Fetch all of a blob."""
    with opened(proxy, digest) as response:
        return response.read()


def test_bytes_come_before_upstream_has_given_all(proxy: RegistryProcess, upstream: FaultRegistry) -> None:
    digest = upstream.add_blob("app", BLOB)
    fault = Fault(pause_after=5 * MIB)
    upstream.faults = [fault]
    with opened(proxy, digest) as response:
        assert response.read(4 * MIB) == BLOB[: 4 * MIB]
        fault.resume.set()
        assert response.read() == BLOB[4 * MIB :]


def test_a_crowd_at_a_cold_blob_is_one_transfer(proxy: RegistryProcess, upstream: FaultRegistry) -> None:
    digest = upstream.add_blob("app", BLOB)
    client = HttpClient(proxy.http_address)
    with ThreadPoolExecutor(50) as crowd:
        answers = list(crowd.map(lambda _: client.request("GET", f"/v2/up/app/blobs/{digest}").body, range(200)))
    assert all(answer == BLOB for answer in answers)
    assert len(upstream.blob_requests()) == 1


def test_a_crowd_at_a_cold_tag_is_one_question(proxy: RegistryProcess, upstream: FaultRegistry) -> None:
    manifest = build_tiny().path(build_tiny().names()["tiny:one"].digest).read_bytes()
    upstream.add_manifest("app", "v1", manifest, "application/vnd.oci.image.manifest.v1+json")
    fault = Fault(pause_after=0)
    upstream.faults = [Fault(), fault]  # the HEAD, then the GET
    client = HttpClient(proxy.http_address)
    with ThreadPoolExecutor(20) as crowd:
        answers = [crowd.submit(client.request, "GET", "/v2/up/app/manifests/v1") for _ in range(20)]
        fault.resume.set()
    assert all(answer.result().body == manifest for answer in answers)
    assert len([seen for seen in upstream.seen if "/manifests/" in seen.path]) <= 4


def test_wrong_bytes_end_in_a_broken_connection(proxy: RegistryProcess, upstream: FaultRegistry) -> None:
    digest = upstream.add_blob("app", BLOB)
    upstream.faults = [Fault(body=BLOB[:-1] + bytes([BLOB[-1] ^ 1]))]
    with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
        fetched(proxy, digest)
    assert fetched(proxy, digest) == BLOB


def test_a_dead_upstream_ends_in_a_broken_connection_and_the_next_client_goes_on(
    proxy: RegistryProcess, upstream: FaultRegistry
) -> None:
    digest = upstream.add_blob("app", BLOB)
    upstream.faults = [Fault(cut_after=3 * MIB), *[Fault(status=503)] * 12]
    with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
        fetched(proxy, digest)
    upstream.faults = []
    assert fetched(proxy, digest) == BLOB
    resumed = upstream.blob_requests()[-1].range
    assert resumed is not None
    assert int(resumed.removeprefix("bytes=").rstrip("-")) >= MIB


def test_a_client_that_goes_away_stops_a_transfer_that_nobody_wants(
    proxy: RegistryProcess, upstream: FaultRegistry
) -> None:
    """What arrived stays: the next client gets it from the disk and the rest by Range."""
    digest = upstream.add_blob("app", BLOB)
    upstream.faults = [Fault(pause_after=5 * MIB)]
    with opened(proxy, digest) as response:
        assert response.read(4 * MIB) == BLOB[: 4 * MIB]
    proxy.stop()
    proxy.start()
    assert fetched(proxy, digest) == BLOB
    assert upstream.blob_requests()[-1].range is not None


async def test_eviction_does_not_break_who_is_reading(proxy: RegistryProcess, upstream: FaultRegistry) -> None:
    digest = upstream.add_blob("app", BLOB * 4)
    assert fetched(proxy, digest) == BLOB * 4
    with opened(proxy, digest) as slow:
        first = slow.read(1000)
        async with proxy.stub() as stub:
            pruned = await stub.PruneCache(pb.PruneCacheRequest(keep_bytes=0))
        assert pruned.blobs_removed == 0
        assert first + slow.read() == BLOB * 4


def test_a_range_of_a_blob_that_is_on_its_way(proxy: RegistryProcess, upstream: FaultRegistry) -> None:
    digest = upstream.add_blob("app", BLOB)
    answer = HttpClient(proxy.http_address).request(
        "GET", f"/v2/up/app/blobs/{digest}", range=f"bytes={6 * MIB}-{6 * MIB + 99}"
    )
    assert (answer.status, answer.body) == (206, BLOB[6 * MIB : 6 * MIB + 100])


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET /v2/up/app/blobs/sha256:" + b"0" * 64 + b" HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET /v2/" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"PUT /v2/app/manifests/x HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /v2/app/blobs/uploads/ HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
    ],
    ids=["no host", "tls", "long", "negative", "huge"],
)
def test_noise_does_not_stop_the_service(proxy: RegistryProcess, request_bytes: bytes) -> None:
    host, _, port = proxy.http_address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(request_bytes)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass
    assert HttpClient(proxy.http_address).request("GET", "/v2/").status == 200
