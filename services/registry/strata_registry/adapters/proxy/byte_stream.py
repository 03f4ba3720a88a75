"""A stream of pieces of any size, read by counts of bytes."""

from collections.abc import AsyncIterator

from strata_registry.core.bundle import invalid_bundle


class ByteStream:
    """Reads on from where the reading before it ended. Raises InvalidArgument where the stream ends too early."""

    def __init__(self, data: AsyncIterator[bytes]) -> None:
        self._data = data
        self._rest = b""

    async def pieces(self, count: int) -> AsyncIterator[bytes]:
        """Yield the next ``count`` bytes, in pieces."""
        while count:
            if not self._rest:
                self._rest = await self._next()
            piece, self._rest = self._rest[:count], self._rest[count:]
            count -= len(piece)
            yield piece

    async def exactly(self, count: int) -> bytes:
        """Return the next ``count`` bytes."""
        return b"".join([piece async for piece in self.pieces(count)])

    async def skip(self, count: int) -> None:
        """Pass over the next ``count`` bytes."""
        async for _ in self.pieces(count):
            pass

    async def _next(self) -> bytes:
        async for piece in self._data:
            if piece:
                return piece
        raise invalid_bundle("it ends in the middle")
