"""Streams kept in files, inflated within bounds."""

import gzip
import tracemalloc
from collections.abc import AsyncIterator

import pytest

from strata_chassis.errors import ResourceExhausted
from strata_gateway.adapters.spool import Spool, SpoolFolder

MIB = 1 << 20


async def chunks(*given: bytes) -> AsyncIterator[bytes]:
    for chunk in given:
        yield chunk


@pytest.mark.parametrize("piece_bytes", [7, 1000, MIB])
async def test_gzip_of_several_members_is_inflated_whatever_its_pieces(tmp_path, piece_bytes):
    content = [b"a" * (3 * MIB), b"b", bytes(range(256)) * 4]
    packed = b"".join(map(gzip.compress, content))
    with Spool(SpoolFolder(tmp_path)) as spool:
        await spool.fill(chunks(*(packed[at : at + piece_bytes] for at in range(0, len(packed), piece_bytes))))
        spool.file.seek(0)
        assert spool.file.read() == b"".join(content)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
async def test_nothing_is_kept_beyond_the_limit(tmp_path, pack):
    with Spool(SpoolFolder(tmp_path, limit_bytes=2 * MIB)) as spool:
        with pytest.raises(ResourceExhausted, match="larger than 2097152 bytes"):
            await spool.fill(chunks(pack(bytes(3 * MIB))))
        spool.file.flush()
        assert spool.file.seek(0, 2) <= 2 * MIB


async def test_a_small_chunk_that_becomes_a_large_one_is_never_in_memory_whole(tmp_path):
    bomb = gzip.compress(bytes(128 * MIB))
    tracemalloc.start()
    try:
        with Spool(SpoolFolder(tmp_path, limit_bytes=100 * MIB)) as spool, pytest.raises(ResourceExhausted):
            await spool.fill(chunks(bomb))
        assert tracemalloc.get_traced_memory()[1] < 16 * MIB
    finally:
        tracemalloc.stop()
