"""One transfer: whatever its source does, readers get the blob, or an error before its last byte."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strata_chassis.errors import OutOfRange, ResourceExhausted, StrataError, Unavailable
from strata_oci.digest import Digest
from strata_registry.adapters.cache.appender import Appender
from strata_registry.adapters.cache.download import Download
from strata_registry.adapters.cache.reader import BlobReader
from strata_registry.core.retry import RetryPolicy

POLICY = RetryPolicy(attempts=3, first_delay_s=0.0)


@dataclass(frozen=True)
class Attempt:
    """How a source behaves once: where it breaks off, whether it has ranges and says the size, whether it lies."""

    cut_after: int
    has_ranges: bool
    says_size: bool
    is_lying: bool = False


class Body:
    """Gives three bytes at a time, then breaks off."""

    def __init__(self, data: bytes, start: int, size: int | None, left: int) -> None:
        self.start, self.size = start, size
        self._data, self._position, self._left = data, start, left

    async def read(self) -> bytes:
        await asyncio.sleep(0)
        if self._position >= len(self._data):
            return b""
        piece = self._data[self._position : self._position + min(3, self._left)]
        if not piece:
            raise Unavailable("broken")
        self._position += len(piece)
        self._left -= len(piece)
        return piece


class Source:
    """Behaves as told, attempt by attempt; then well."""

    def __init__(self, data: bytes, attempts: list[Attempt]) -> None:
        self._data = data
        self._attempts = iter(attempts)

    @asynccontextmanager
    async def open(self, offset: int) -> AsyncIterator[Body]:
        attempt = next(self._attempts, Attempt(1 << 30, has_ranges=True, says_size=True))
        data = bytes(byte ^ 1 for byte in self._data) if attempt.is_lying else self._data
        if offset >= len(data) > 0 and attempt.has_ranges:
            raise OutOfRange("no such byte")
        yield Body(
            data, offset if attempt.has_ranges else 0, len(data) if attempt.says_size else None, attempt.cut_after
        )

    async def reject(self) -> None: ...


async def read_along(download: Download, executor: ThreadPoolExecutor) -> bytes:
    """Read as a client does; what came before an error is lost with it."""
    await download.begin()
    reader = BlobReader(download.path, None, download, executor)
    try:
        data = b""
        while piece := await reader.read(len(data), 5):
            data += piece
        return data
    finally:
        reader.close()


async def transfer(
    data: bytes, partial: bytes, attempts: list[Attempt], *, largest_bytes: int = 1000
) -> tuple[list[bytes | StrataError], bool]:
    """Run a transfer with three readers; what each got, and whether the file is the blob."""
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(2) as executor:
        path = Path(folder) / "partial"
        path.write_bytes(partial)
        digest = Digest.of(data)
        download = Download(
            digest, Appender(path, "sha256", executor), Source(data, attempts), POLICY, largest_bytes=largest_bytes
        )
        async with asyncio.TaskGroup() as tasks:
            run = tasks.create_task(download.run())
            readers = [tasks.create_task(outcome(download, executor)) for _ in range(3)]
        download.close()
        return [reader.result() for reader in readers], run.result()


async def outcome(download: Download, executor: ThreadPoolExecutor) -> bytes | StrataError:
    try:
        return await read_along(download, executor)
    except StrataError as error:
        return error


ATTEMPTS = st.lists(
    st.builds(Attempt, st.integers(1, 40), has_ranges=st.booleans(), says_size=st.booleans()), max_size=6
)
LIES = st.lists(
    st.builds(Attempt, st.integers(1, 40), st.booleans(), st.booleans(), is_lying=st.booleans()), max_size=6
)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=40), st.integers(0, 40), ATTEMPTS)
def test_every_reader_gets_the_blob_however_often_it_breaks_off(
    data: bytes, length: int, attempts: list[Attempt]
) -> None:
    outcomes, is_whole = asyncio.run(transfer(data, data[:length], attempts))
    if is_whole:
        assert outcomes == [data] * 3
    else:
        assert all(isinstance(result, StrataError) for result in outcomes)


@settings(max_examples=60, deadline=None)
@given(st.binary(min_size=1, max_size=40), st.binary(max_size=50), LIES)
def test_no_reader_ever_takes_wrong_bytes_for_the_blob(data: bytes, partial: bytes, attempts: list[Attempt]) -> None:
    outcomes, _ = asyncio.run(transfer(data, partial, attempts))
    assert all(result == data or isinstance(result, StrataError) for result in outcomes)


@pytest.mark.parametrize("says_size", [True, False])
async def test_a_blob_that_is_too_large_is_given_up(*, says_size: bool) -> None:
    attempt = Attempt(cut_after=1 << 30, has_ranges=True, says_size=says_size)
    outcomes, is_whole = await transfer(b"x" * 40, b"", [attempt], largest_bytes=39)
    assert not is_whole
    assert all(isinstance(result, ResourceExhausted) for result in outcomes)


async def test_a_blob_of_the_largest_size_is_taken() -> None:
    outcomes, _ = await transfer(b"x" * 40, b"", [], largest_bytes=40)
    assert outcomes == [b"x" * 40] * 3
