"""CopyIn, CopyOut, StatPath."""

import os
from collections.abc import AsyncIterator, Iterator

from strata_chassis.errors import PermissionDenied
from strata_runtime.adapters.files import copying
from strata_runtime.adapters.files.archive import gathered
from strata_runtime.adapters.pipes import write_all
from strata_runtime.core.container.record import Container
from strata_runtime.core.path_status import PathStatus
from strata_runtime.engine.entry import Entry
from strata_runtime.engine.parts import Parts
from strata_runtime.engine.placing import check_writable, place_of
from strata_runtime.engine.roots import mounted_root


async def status_of(parts: Parts, entry: Entry, path: str) -> PathStatus:
    """What is at a path. Raises NotFound."""
    async with mounted_root(parts, entry) as container:
        return await parts.threads.run(_status, parts, container, path)


async def copy_out(parts: Parts, entry: Entry, path: str) -> AsyncIterator[bytes]:
    """A path as a tar. Raises NotFound."""
    async with mounted_root(parts, entry) as container:
        with parts.streams.one() as stream:
            async for piece in stream.items(gathered(_pieces(parts, container, path))):
                yield piece


async def copy_in(parts: Parts, entry: Entry, path: str, data: AsyncIterator[bytes], how: copying.Unpacking) -> None:
    """Unpack a tar into a directory. Raises NotFound, InvalidArgument, PermissionDenied."""
    async with mounted_root(parts, entry) as container:
        check_writable(container, path)
        with parts.streams.one() as stream:
            reader, writer = os.pipe2(os.O_CLOEXEC)
            unpacking = parts.background.call(stream.run(_unpack, parts, container, path, reader, how))
            try:
                await _pour(data, writer)
            finally:
                await unpacking


async def _pour(data: AsyncIterator[bytes], writer: int) -> None:
    """Write what comes into the pipe; an unpacker that gave up says why itself."""
    os.set_blocking(writer, False)
    try:
        async for chunk in data:
            await write_all(writer, chunk)
    except BrokenPipeError:
        return
    finally:
        os.close(writer)


def _unpack(parts: Parts, container: Container, path: str, reader: int, how: copying.Unpacking) -> None:
    with os.fdopen(reader, "rb") as archive, place_of(parts, container, path) as (root, inner):
        try:
            copying.copy_in(root, inner, archive, how)
        except OSError as error:
            if copying.is_read_only(error):
                raise PermissionDenied(f"{path} is read-only", reason="ROOT_READ_ONLY") from error
            raise
        while archive.read(1 << 20):  # padding after the end of the archive
            pass


def _status(parts: Parts, container: Container, path: str) -> PathStatus:
    with place_of(parts, container, path) as (root, inner):
        return copying.path_status(root, inner)


def _pieces(parts: Parts, container: Container, path: str) -> Iterator[bytes]:
    with place_of(parts, container, path) as (root, inner):
        yield from copying.copy_out(root, inner)
