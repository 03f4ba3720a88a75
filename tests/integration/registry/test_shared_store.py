"""A store of blobs that several services share, on an S3 server."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from strata.registry.v1 import registry_pb2 as pb
from strata_chassis.errors import DataLoss
from tests.fixtures.cutting_proxy import cutting_proxy
from tests.fixtures.docker_registry import LocalRegistry, docker_registry
from tests.fixtures.fault_registry import fault_registry
from tests.fixtures.images.catalogue import build_tiny
from tests.fixtures.registry_service import read_blob, registry_service

pytest.importorskip("moto.server", reason="the S3 server of the tests is not installed")

MANIFEST = build_tiny().names()["tiny:one"].digest
PARTS = [MANIFEST, *(part["digest"] for part in build_tiny().read_json(MANIFEST)["layers"])]
BUCKET = "blobs"
START_TIMEOUT_S = 60


@dataclass(frozen=True)
class Bucket:
    """An S3 bucket, and the flags that make a service use it."""

    endpoint: str

    @property
    def flags(self) -> tuple[str, ...]:
        options = [f"endpoint={self.endpoint}", "region=us-east-1"]
        options += ["access_key_id=test", "secret_access_key=test"]
        return ("--shared-url", f"s3://{BUCKET}/cache", "--shared-options", ",".join(options))


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bucket]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    log = tmp_path_factory.mktemp("s3") / "log"
    command = [sys.executable, "-W", "ignore", "-m", "moto.server", "--host", "127.0.0.1", "--port", str(port)]
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output) as process:
        endpoint = f"http://127.0.0.1:{port}"
        create_bucket(endpoint)
        yield Bucket(endpoint)
        process.kill()


def create_bucket(endpoint: str) -> None:
    """Create the bucket as soon as the server listens."""
    until = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            put(f"{endpoint}/{BUCKET}", b"")
        except urllib.error.URLError:
            assert time.monotonic() < until, "the S3 server does not start"
        else:
            return


def put(url: str, data: bytes) -> None:
    """Store an object, or make a bucket."""
    headers = {"Content-Type": "application/octet-stream"}
    request = urllib.request.Request(url, data=data, headers=headers, method="PUT")
    urllib.request.urlopen(request).close()


@pytest.fixture
def upstream(tmp_path: Path) -> Iterator[LocalRegistry]:
    with docker_registry(tmp_path / "upstream") as running:
        running.pusher().push_all(build_tiny(), ["tiny:one"])
        yield running


async def test_a_second_service_pulls_from_the_shared_store(
    tmp_path: Path, bucket: Bucket, upstream: LocalRegistry
) -> None:
    repository = f"{upstream.address}/tiny"
    with registry_service(tmp_path / "one", *bucket.flags) as one:
        async with one.stub() as stub:
            await stub.Resolve(pb.ResolveRequest(reference=f"{repository}:one"))
            expected = [await read_blob(stub, repository, digest) for digest in PARTS]
        assert one.stop() == 0  # what it was sharing is shared
    upstream.process.kill()
    upstream.process.wait()
    with registry_service(tmp_path / "two", *bucket.flags) as two:
        async with two.stub() as stub:
            manifest = await stub.GetManifest(pb.GetManifestRequest(repository=repository, reference=MANIFEST))
            found = [await read_blob(stub, repository, digest) for digest in PARTS]
    assert found == expected
    assert manifest.content == build_tiny().path(MANIFEST).read_bytes()


async def test_an_object_that_went_bad_is_replaced(tmp_path: Path, bucket: Bucket) -> None:
    data = b"the right bytes" * 1000
    with fault_registry() as upstream:
        digest = upstream.add_blob("app", data)
        key = f"{bucket.endpoint}/{BUCKET}/cache/blobs/sha256/{digest.removeprefix('sha256:')}"
        put(key, b"wrong" * 3000)
        with registry_service(tmp_path / "s", *bucket.flags) as service:
            async with service.stub() as stub:
                with pytest.raises(DataLoss, match="digest"):
                    await read_blob(stub, f"{upstream.address}/app", digest)
                assert await read_blob(stub, f"{upstream.address}/app", digest) == data


async def test_a_shared_store_that_goes_away_is_passed_over(tmp_path: Path, bucket: Bucket) -> None:
    with fault_registry() as upstream, cutting_proxy(urlsplit(bucket.endpoint).netloc) as relay:
        digest = upstream.add_blob("app", b"data" * 1000)
        with registry_service(tmp_path / "s", *Bucket(f"http://{relay.address}").flags) as service:
            relay.allowance = 0
            async with service.stub() as stub:
                assert await read_blob(stub, f"{upstream.address}/app", digest) == b"data" * 1000
