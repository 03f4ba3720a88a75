"""Mirrors before their registry, and what happens when they are of no use."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from strata.oci.v1 import oci_pb2
from strata.registry.v1 import registry_pb2 as pb
from strata_chassis.errors import NotFound
from tests.fixtures.docker_registry import PASSWORD, USERNAME, docker_registry
from tests.fixtures.fault_registry import Fault, FaultRegistry, fault_registry
from tests.fixtures.images.catalogue import build_tiny
from tests.fixtures.registry_service import read_blob, registry_service

if TYPE_CHECKING:
    from strata.registry.v1.registry_pb2_grpc import RegistryServiceAsyncStub  # known to type checkers only

BLOB = b"the same everywhere" * 1000


@dataclass(frozen=True)
class Pair:
    """A registry, its mirror, and a service that knows both."""

    registry: FaultRegistry
    mirror: FaultRegistry
    stub: RegistryServiceAsyncStub

    @property
    def repository(self) -> str:
        return f"{self.registry.address}/app"


@pytest.fixture
def mirror() -> Iterator[FaultRegistry]:
    with fault_registry() as running:
        yield running


@pytest.fixture
async def pair(tmp_path: Path, mirror: FaultRegistry) -> AsyncIterator[Pair]:
    with fault_registry() as registry:
        flags = ("--mirrors", f"{registry.address}=http://{mirror.address}", "--retry-attempts", "1")
        with registry_service(tmp_path / "s", *flags) as service:
            async with service.stub() as stub:
                yield Pair(registry, mirror, stub)


async def test_a_mirror_that_has_it_spares_the_registry(pair: Pair) -> None:
    digest = pair.registry.add_blob("app", BLOB)
    pair.mirror.add_blob("app", BLOB)
    assert await read_blob(pair.stub, pair.repository, digest) == BLOB
    assert pair.registry.seen == []


@pytest.mark.parametrize("status", [404, 401, 403, 429, 500])
async def test_a_mirror_that_refuses_is_passed_over(pair: Pair, status: int) -> None:
    digest = pair.registry.add_blob("app", BLOB)
    pair.mirror.faults = [Fault(status=status)] * 3
    assert await read_blob(pair.stub, pair.repository, digest) == BLOB


async def test_a_mirror_that_breaks_off_is_gone_on_with(pair: Pair) -> None:
    digest = pair.registry.add_blob("app", BLOB)
    pair.mirror.add_blob("app", BLOB)
    pair.mirror.faults = [Fault(cut_after=5000), Fault(status=500)]
    assert await read_blob(pair.stub, pair.repository, digest) == BLOB


async def test_what_neither_has_is_not_found(pair: Pair) -> None:
    with pytest.raises(NotFound):
        await read_blob(pair.stub, pair.repository, "sha256:" + "0" * 64)


async def test_a_mirror_that_is_down_is_asked_last(tmp_path: Path, unused_tcp_port: int) -> None:
    with fault_registry() as registry:
        digests = [registry.add_blob("app", BLOB + bytes([number])) for number in range(3)]
        flags = ("--mirrors", f"{registry.address}=http://127.0.0.1:{unused_tcp_port}")
        with registry_service(tmp_path / "s", *flags) as service:
            async with service.stub() as stub:
                for digest in digests:
                    assert await read_blob(stub, f"{registry.address}/app", digest)


async def test_a_mirror_never_sees_the_caller_s_password_in_clear_unless_it_asks(pair: Pair) -> None:
    digest = pair.registry.add_blob("app", BLOB)
    pair.mirror.add_blob("app", BLOB)
    credentials = oci_pb2.Credentials(username=USERNAME, password=PASSWORD)
    request = pb.FetchBlobRequest(repository=pair.repository, digest=digest, credentials=credentials)
    assert b"".join([message.data async for message in pair.stub.FetchBlob(request)]) == BLOB
    assert [seen.authorization for seen in pair.mirror.seen] == [None]


async def test_a_push_goes_to_the_registry_itself(tmp_path: Path, mirror: FaultRegistry) -> None:
    with docker_registry(tmp_path / "registry") as registry:
        registry.pusher().push_all(build_tiny(), ["tiny:one"])
        content = build_tiny().path(build_tiny().names()["tiny:one"].digest).read_bytes()
        flags = ("--mirrors", f"{registry.address}=http://{mirror.address}")
        with registry_service(tmp_path / "s", *flags) as service:
            async with service.stub() as stub:
                await stub.PushManifest(
                    pb.PushManifestRequest(repository=f"{registry.address}/tiny", reference="again", content=content)
                )
    assert mirror.seen == []
