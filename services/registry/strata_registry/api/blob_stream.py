"""The streams of FetchBlob and PushBlob."""

from collections.abc import AsyncIterator

from strata.registry.v1 import registry_pb2 as pb
from strata_chassis.errors import InvalidArgument, OutOfRange
from strata_registry.adapters.cache.reader import BlobReader

MESSAGE_BYTES = 1 << 20


async def data(reader: BlobReader, offset: int) -> AsyncIterator[pb.FetchBlobResponse]:
    """Yield a blob's bytes from ``offset``; the first message tells the size and may hold no bytes."""
    check_offset(offset, reader)
    position = offset
    first = pb.FetchBlobResponse(size_bytes=reader.size or 0)
    if not reader.was_cached:
        yield first  # the caller learns the size as soon as we do
        first = pb.FetchBlobResponse()
    while piece := await reader.read(position, MESSAGE_BYTES):
        position += len(piece)
        first.data = piece
        yield first
        first = pb.FetchBlobResponse()
    if reader.was_cached and position == offset:
        yield first  # an empty rest still has a size


async def progress(reader: BlobReader, offset: int) -> AsyncIterator[pb.FetchBlobResponse]:
    """Yield the path of a blob's file, then how far it can be read, until all of it is there and right."""
    check_offset(offset, reader)
    available = reader.readable_bytes
    reader.served_bytes = max(0, available - offset)
    yield pb.FetchBlobResponse(size_bytes=reader.size or 0, local_path=str(reader.path), available_bytes=available)
    while not reader.is_verified or available < reader.readable_bytes:
        available = await reader.reach(available)
        reader.served_bytes = available - offset
        yield pb.FetchBlobResponse(available_bytes=available)


def check_offset(offset: int, reader: BlobReader) -> None:
    """Refuse an offset that lies outside of the blob, where its size is known. Raises OutOfRange."""
    if offset < 0 or (reader.size is not None and offset > reader.size):
        raise OutOfRange(
            f"offset {offset} is outside of the blob", reason="OFFSET_INVALID", metadata={"offset": str(offset)}
        )


async def header_and_data(
    requests: AsyncIterator[pb.PushBlobRequest],
) -> tuple[pb.PushBlobRequest.Header, AsyncIterator[bytes]]:
    """Take the header off a stream of PushBlob. Raises InvalidArgument if it does not come first."""
    first = await anext(aiter(requests), None)
    if first is None or first.WhichOneof("message") != "header":
        raise InvalidArgument("the first message of PushBlob must be the header", reason="HEADER_MISSING")
    return first.header, _data_of(requests)


async def _data_of(requests: AsyncIterator[pb.PushBlobRequest]) -> AsyncIterator[bytes]:
    async for request in requests:
        if request.WhichOneof("message") != "data":
            raise InvalidArgument("the header of PushBlob comes once", reason="HEADER_REPEATED")
        yield request.data
