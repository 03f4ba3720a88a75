"""What leaves a tar can be put together again, byte for byte, whatever goes and whatever stays."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from strata_store.core.contents import plan_trim
from strata_store.core.holes import HOST_BLOCK, REST_DEVICE, Hole, plan_holes, whole_ranges

SIZES = st.one_of(st.integers(1, 3000), st.integers(1, 60_000))
PIECES = st.lists(st.tuples(SIZES, st.sampled_from(["goes", "stays", "header"])), max_size=30)


def laid_out(pieces: list[tuple[int, str]]) -> tuple[bytes, list[Hole], list[tuple[int, int]], bytes]:
    """Return a tar, what can be removed of it, what has to stay, and the device that has what is removable."""
    donor, removable, kept = bytearray(), [], []
    tar = bytearray()
    chance = random.Random(7)  # noqa: S311 - filler
    for size, fate in pieces:
        data = chance.randbytes(size)
        if fate == "goes":
            removable.append(Hole(len(tar), size, 2, len(donor)))
            donor += data + bytes(-len(data) % 512)
        elif fate == "stays":
            kept.append((len(tar), size))
        tar += data + bytes(-len(data) % 512)
    return bytes(tar), removable, kept, bytes(donor)


@given(pieces=PIECES)
def test_a_tar_with_holes_gives_its_exact_bytes(pieces: list[tuple[int, str]]) -> None:
    tar, removable, kept, donor = laid_out(pieces)
    holes = plan_holes(removable, kept)
    rest = b"".join(tar[hole.offset : hole.end] for hole in holes if hole.device == REST_DEVICE)
    left = bytearray(tar)
    for offset, length in whole_ranges(holes):
        assert offset % HOST_BLOCK == 0
        assert length % HOST_BLOCK == 0
        left[offset : offset + length] = bytes(length)
    for offset, length in kept:
        assert left[offset : offset + length] == tar[offset : offset + length]
    for hole in holes:
        source = rest if hole.device == REST_DEVICE else donor
        left[hole.offset : hole.end] = source[hole.source_offset : hole.source_offset + hole.length]
    assert left == tar
    assert sorted(holes, key=lambda hole: hole.offset) == holes
    assert len(rest) <= sum(length for _, length in whole_ranges(holes))


@given(pieces=PIECES)
def test_a_trim_keeps_what_is_to_be_kept_and_little_more(pieces: list[tuple[int, str]]) -> None:
    tar, _, kept, _ = laid_out(pieces)
    cut = plan_trim(kept, len(tar))
    gone = {block for offset, length in cut for block in range(offset // HOST_BLOCK, (offset + length) // HOST_BLOCK)}
    needed = {
        block
        for offset, length in kept
        for block in range(offset // HOST_BLOCK, (offset + length - 1) // HOST_BLOCK + 1)
    }
    assert not gone & needed
    assert gone | needed >= set(range(len(tar) // HOST_BLOCK))
