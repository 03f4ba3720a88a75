import pytest
from hypothesis import given
from hypothesis import strategies as st

from strata_registry.core.byte_range import (
    ByteRange,
    UnsatisfiableRange,
    parse_content_range,
    parse_range,
    parse_upload_range,
)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),
        ("bytes=0-", ByteRange(0, 10)),
        ("bytes=3-5", ByteRange(3, 6)),
        ("bytes=3-99", ByteRange(3, 10)),
        ("bytes=-4", ByteRange(6, 10)),
        ("bytes=-99", ByteRange(0, 10)),
        ("bytes=5-3", None),
        ("bytes=0-1,3-4", None),
        ("lines=0-1", None),
        ("bytes=-", None),
        ("bytes=a-b", None),
    ],
)
def test_ranges_of_ten_bytes(header: str | None, expected: ByteRange | None) -> None:
    assert parse_range(header, 10) == expected


@pytest.mark.parametrize(("header", "size"), [("bytes=10-", 10), ("bytes=-0", 10), ("bytes=0-", 0), ("bytes=-1", 0)])
def test_what_lies_beyond_is_unsatisfiable(header: str, size: int) -> None:
    with pytest.raises(UnsatisfiableRange):
        parse_range(header, size)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes 3-9/10", (ByteRange(3, 10), 10)),
        ("bytes 3-9/*", (ByteRange(3, 10), None)),
        ("bytes 3-10/10", None),
        ("bytes 9-3/10", None),
        ("bytes */10", None),
        (None, None),
    ],
)
def test_content_ranges(header: str | None, expected: tuple[ByteRange, int | None] | None) -> None:
    assert parse_content_range(header) == expected


@pytest.mark.parametrize("header", ["0-9", "bytes=0-9", "bytes 0-9/10", "bytes 0-9/*"])
def test_chunks_are_named_in_every_usual_way(header: str) -> None:
    assert parse_upload_range(header) == ByteRange(0, 10)


@given(st.binary(min_size=1, max_size=50), st.integers(0, 60), st.integers(0, 60))
def test_a_range_is_the_slice_it_says(data: bytes, first: int, last: int) -> None:
    try:
        found = parse_range(f"bytes={first}-{last}", len(data))
    except UnsatisfiableRange:
        assert first >= len(data)
    else:
        assert found is None or data[found.start : found.stop] == data[first : last + 1]
