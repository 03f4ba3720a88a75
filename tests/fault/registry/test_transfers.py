"""Transfers that break, stall or lie."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from strata.registry.v1 import registry_pb2 as pb
from strata_chassis.errors import DataLoss, ResourceExhausted, Unavailable
from tests.fixtures.disk import small_disk
from tests.fixtures.fault_registry import Fault, FaultRegistry, Seen, fault_registry
from tests.fixtures.registry_service import RegistryProcess, read_blob, registry_service

if TYPE_CHECKING:
    from strata.registry.v1.registry_pb2_grpc import RegistryServiceAsyncStub  # known to type checkers only

MIB = 1 << 20
BLOB = random.Random(1).randbytes(8 * MIB)  # noqa: S311 - the same on every run


@pytest.fixture
def upstream() -> Iterator[FaultRegistry]:
    with fault_registry() as running:
        yield running


@pytest.fixture
def service(tmp_path: Path) -> Iterator[RegistryProcess]:
    with registry_service(tmp_path / "s") as running:
        yield running


@pytest.fixture
async def stub(service: RegistryProcess) -> AsyncIterator[RegistryServiceAsyncStub]:
    async with service.stub() as connected:
        yield connected


async def test_a_cut_transfer_goes_on_by_range(upstream: FaultRegistry, stub: RegistryServiceAsyncStub) -> None:
    digest = upstream.add_blob("app", BLOB)
    upstream.faults = [Fault(cut_after=3 * MIB), Fault(cut_after=2 * MIB)]
    assert await read_blob(stub, f"{upstream.address}/app", digest) == BLOB
    starts = [first_byte(seen) for seen in upstream.blob_requests()]
    assert len(starts) == 3
    assert MIB // 2 < starts[1] <= 3 * MIB  # what lay in a buffer when the connection broke is lost
    assert starts[1] < starts[2] <= 5 * MIB


async def test_a_registry_without_ranges_starts_again_and_the_client_does_not_notice(
    upstream: FaultRegistry, stub: RegistryServiceAsyncStub
) -> None:
    digest = upstream.add_blob("app", BLOB)
    upstream.faults = [Fault(cut_after=3 * MIB), Fault(ignore_range=True)]
    assert await read_blob(stub, f"{upstream.address}/app", digest) == BLOB


async def test_wrong_bytes_never_look_complete(
    upstream: FaultRegistry, service: RegistryProcess, stub: RegistryServiceAsyncStub
) -> None:
    digest = upstream.add_blob("app", BLOB)
    upstream.faults = [Fault(body=BLOB[:-1] + bytes([BLOB[-1] ^ 1]))]
    received: list[bytes] = []
    with pytest.raises(DataLoss, match="does not match its digest") as caught:
        await read_into(received, stub, upstream, digest)
    assert caught.value.reason == "DIGEST_MISMATCH"
    assert sum(map(len, received)) < len(BLOB)
    assert files_of(service) == []
    assert await read_blob(stub, f"{upstream.address}/app", digest) == BLOB


async def test_a_blob_of_another_length_is_refused(upstream: FaultRegistry, stub: RegistryServiceAsyncStub) -> None:
    digest = upstream.add_blob("app", BLOB)
    upstream.faults = [Fault(cut_after=MIB), Fault(body=BLOB + b"more")]
    with pytest.raises(DataLoss, match="does not have the"):
        await read_blob(stub, f"{upstream.address}/app", digest)


async def test_a_blob_larger_than_any_may_be_is_refused_and_nothing_is_left_behind(
    tmp_path: Path, upstream: FaultRegistry
) -> None:
    digest = upstream.add_blob("app", BLOB)
    with registry_service(tmp_path / "small", "--blob-bytes", str(len(BLOB) - 1)) as service:
        async with service.stub() as stub:
            with pytest.raises(ResourceExhausted, match="is larger than") as caught:
                await read_blob(stub, f"{upstream.address}/app", digest)
        assert files_of(service) == []
    assert caught.value.reason == "BLOB_TOO_LARGE"


async def test_a_killed_service_resumes_where_it_stopped(upstream: FaultRegistry, service: RegistryProcess) -> None:
    digest = upstream.add_blob("app", BLOB)
    upstream.faults = [Fault(pause_after=5 * MIB)]
    async with service.stub() as stub:
        received = await read_at_least(stub, upstream, digest, 4 * MIB)
    service.kill()
    service.start()
    async with service.stub() as stub:
        assert await read_blob(stub, f"{upstream.address}/app", digest) == BLOB
    assert first_byte(upstream.blob_requests()[-1]) >= received


async def test_a_partial_blob_that_went_bad_is_found_out_and_dropped(
    upstream: FaultRegistry, service: RegistryProcess
) -> None:
    digest = upstream.add_blob("app", BLOB)
    upstream.faults = [Fault(pause_after=5 * MIB)]
    async with service.stub() as stub:
        await read_at_least(stub, upstream, digest, 4 * MIB)
    service.kill()
    (partial,) = (service.cache / "partial").iterdir()
    with partial.open("r+b") as file:
        file.write(b"\0" * 4096)
    service.start()
    async with service.stub() as stub:
        with pytest.raises(DataLoss):
            await read_blob(stub, f"{upstream.address}/app", digest)
        assert await read_blob(stub, f"{upstream.address}/app", digest) == BLOB


async def test_readers_of_a_cold_blob_share_one_transfer_and_may_join_in_the_middle(
    upstream: FaultRegistry, stub: RegistryServiceAsyncStub
) -> None:
    digest = upstream.add_blob("app", BLOB)
    fault = Fault(pause_after=5 * MIB)
    upstream.faults = [fault]
    repository = f"{upstream.address}/app"
    async with asyncio.TaskGroup() as tasks:
        first = tasks.create_task(read_blob(stub, repository, digest))
        late = [tasks.create_task(joined_late(stub, upstream, digest, 4 * MIB, fault)) for _ in range(20)]
    assert await first == BLOB
    assert all([await reader == BLOB for reader in late])
    assert len(upstream.blob_requests()) == 1


async def test_a_reader_that_leaves_harms_nobody(upstream: FaultRegistry, stub: RegistryServiceAsyncStub) -> None:
    digest = upstream.add_blob("app", BLOB)
    fault = Fault(pause_after=5 * MIB)
    upstream.faults = [fault]
    repository = f"{upstream.address}/app"
    async with asyncio.TaskGroup() as tasks:
        stays = tasks.create_task(joined_late(stub, upstream, digest, MIB, None))
        await read_at_least(stub, upstream, digest, 4 * MIB)  # and leaves
        fault.resume.set()
    assert await stays == BLOB
    assert len(upstream.blob_requests()) == 1
    assert await read_blob(stub, repository, digest) == BLOB


async def test_a_rate_limit_is_obeyed(upstream: FaultRegistry, stub: RegistryServiceAsyncStub) -> None:
    digest = upstream.add_blob("app", BLOB)
    refused = Fault(status=429, headers={"Retry-After": "1"})
    upstream.faults = [refused]
    loop = asyncio.get_running_loop()
    started = loop.time()
    assert await read_blob(stub, f"{upstream.address}/app", digest) == BLOB
    assert loop.time() - started >= 1


async def test_a_rate_limit_that_lasts_is_resource_exhausted(
    upstream: FaultRegistry, stub: RegistryServiceAsyncStub
) -> None:
    digest = upstream.add_blob("app", BLOB)
    upstream.faults = [Fault(status=429, headers={"Retry-After": "86400"})] * 4
    with pytest.raises(ResourceExhausted, match="limits the rate") as caught:
        await read_blob(stub, f"{upstream.address}/app", digest)
    assert caught.value.reason == "REGISTRY_RATE_LIMITED"


async def test_a_registry_that_fails_for_good_is_unavailable(
    upstream: FaultRegistry, stub: RegistryServiceAsyncStub
) -> None:
    digest = upstream.add_blob("app", BLOB)
    upstream.faults = [Fault(status=503)] * 20
    with pytest.raises(Unavailable):
        await read_blob(stub, f"{upstream.address}/app", digest)


async def test_a_full_disk_is_told_and_nothing_is_left_behind(tmp_path: Path, upstream: FaultRegistry) -> None:
    digest = upstream.add_blob("app", BLOB * 4)
    with small_disk(tmp_path / "disk", size_mib=16) as folder, registry_service(folder) as service:
        async with service.stub() as stub:
            with pytest.raises(ResourceExhausted, match="no space left") as caught:
                await read_blob(stub, f"{upstream.address}/app", digest)
        assert files_of(service) == []
    assert caught.value.reason == "DISK_FULL"


def first_byte(seen: Seen) -> int:
    """The offset that a request asks for."""
    return int((seen.range or "bytes=0-").removeprefix("bytes=").rstrip("-"))


def files_of(service: RegistryProcess) -> list[Path]:
    """The files of blobs, whole and partial."""
    folders = (service.cache / "blobs", service.cache / "partial")
    return [path for folder in folders for path in folder.rglob("*") if path.is_file()]


async def read_into(pieces: list[bytes], stub: RegistryServiceAsyncStub, upstream: FaultRegistry, digest: str) -> None:
    """Read a blob and keep what came before an error."""
    async for message in stub.FetchBlob(pb.FetchBlobRequest(repository=f"{upstream.address}/app", digest=digest)):
        pieces.append(message.data)  # noqa: PERF401 - what came before an error is kept


async def read_at_least(stub: RegistryServiceAsyncStub, upstream: FaultRegistry, digest: str, count: int) -> int:
    """Read the first ``count`` bytes or some more, and leave; how many there were."""
    received = 0
    call = stub.FetchBlob(pb.FetchBlobRequest(repository=f"{upstream.address}/app", digest=digest))
    async for message in call:
        received += len(message.data)
        if received >= count:
            break
    call.cancel()
    return received


async def joined_late(
    stub: RegistryServiceAsyncStub, upstream: FaultRegistry, digest: str, count: int, fault: Fault | None
) -> bytes:
    """Read a blob; let the transfer go on only when ``count`` bytes have come."""
    data = bytearray()
    async for message in stub.FetchBlob(pb.FetchBlobRequest(repository=f"{upstream.address}/app", digest=digest)):
        data += message.data
        if fault is not None and len(data) >= count:
            fault.resume.set()
    return bytes(data)
