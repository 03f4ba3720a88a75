"""Reading bodies of requests."""

from collections.abc import AsyncIterator

from aiohttp import web

from strata_registry.core.manifest import check_size


async def read_limited(request: web.Request, limit_bytes: int, *, what: str) -> bytes:
    """Read a small body into memory. Raises ResourceExhausted (MANIFEST_TOO_LARGE)."""
    pieces: list[bytes] = []
    size = 0
    async for piece in pieces_of(request):
        size += len(piece)
        if size > limit_bytes:
            check_size(size, what=what)
        pieces.append(piece)
    return b"".join(pieces)


async def pieces_of(request: web.Request) -> AsyncIterator[bytes]:
    """Yield a body as it comes."""
    while piece := await request.content.readany():
        yield piece
