"""CopyIn, CopyOut, StatPath."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import BinaryIO

from strata_chassis.errors import PermissionDenied
from strata_runtime.adapters import inside
from strata_runtime.adapters.files import copying
from strata_runtime.adapters.files.archive import gathered
from strata_runtime.core.container.mount import MountType
from strata_runtime.core.container.record import Container
from strata_runtime.core.path_status import PathStatus
from strata_runtime.engine.entry import Entry
from strata_runtime.engine.parts import Parts
from strata_runtime.engine.roots import in_thread, mounted_root


async def status_of(parts: Parts, entry: Entry, path: str) -> PathStatus:
    """What is at a path. Raises NotFound."""
    async with mounted_root(parts, entry) as container:
        return await parts.threads.run(_status, parts, container, path)


async def copy_out(parts: Parts, entry: Entry, path: str) -> AsyncIterator[bytes]:
    """A path as a tar. Raises NotFound."""
    async with mounted_root(parts, entry) as container:
        async for piece in in_thread(parts, gathered(_pieces(parts, container, path))):
            yield piece


async def copy_in(parts: Parts, entry: Entry, path: str, data: AsyncIterator[bytes], how: copying.Unpacking) -> None:
    """Unpack a tar into a directory. Raises NotFound, InvalidArgument, PermissionDenied."""
    async with mounted_root(parts, entry) as container:
        if container.spec.read_only_root and not _is_in_writable_mount(container, path):
            raise PermissionDenied("the container's root is read-only", reason="ROOT_READ_ONLY")
        reader, writer = os.pipe2(os.O_CLOEXEC)
        unpacking = parts.background.call(parts.threads.run(_unpack, parts, container, path, reader, how))
        try:
            await _pour(parts, data, writer)
        finally:
            await unpacking


async def _pour(parts: Parts, data: AsyncIterator[bytes], writer: int) -> None:
    """Write what comes into the pipe; an unpacker that gave up says why itself."""
    with os.fdopen(writer, "wb", buffering=0) as pipe:
        async for chunk in data:
            try:
                await parts.threads.run(_write_all, pipe, chunk)
            except BrokenPipeError:
                return


def _write_all(pipe: BinaryIO, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[pipe.write(rest) :]


def _unpack(parts: Parts, container: Container, path: str, reader: int, how: copying.Unpacking) -> None:
    with os.fdopen(reader, "rb") as archive, _place(parts, container, path) as (root, inner):
        try:
            copying.copy_in(root, inner, archive, how)
        except OSError as error:
            if copying.is_read_only(error):
                raise PermissionDenied(f"{path} is read-only", reason="ROOT_READ_ONLY") from error
            raise
        while archive.read(1 << 20):  # padding after the end of the archive
            pass


def _status(parts: Parts, container: Container, path: str) -> PathStatus:
    with _place(parts, container, path) as (root, inner):
        return copying.path_status(root, inner)


def _pieces(parts: Parts, container: Container, path: str) -> Iterator[bytes]:
    with _place(parts, container, path) as (root, inner):
        yield from copying.copy_out(root, inner)


@contextmanager
def _place(parts: Parts, container: Container, path: str) -> Iterator[tuple[int, str]]:
    """A root and a path below it: that of the running process, or a volume or the root of one that does not run.

    The root of a process is opened through /proc, so what is mounted in the container is seen as it sees it.
    """
    place = "/" + path.lstrip("/")
    if container.state.is_live:
        root = os.open(f"/proc/{container.pid}/root", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            yield root, place
        finally:
            os.close(root)
        return
    source, inner = _mount_at(container, place) or (str(parts.paths.rootfs(container.id)), place)
    with inside.opened_root(source) as root:
        yield root, inner


def _mount_at(container: Container, path: str) -> tuple[str, str] | None:
    """Directory on the host and path in it, for a path in a volume or bind mount of a container that does not run."""
    points = sorted(container.mount_points, key=lambda point: len(point.destination), reverse=True)
    for point in points:
        is_in = path == point.destination or path.startswith(f"{point.destination}/")
        if is_in and point.type is not MountType.TMPFS and os.path.isdir(point.source):  # noqa: PTH112
            return point.source, path.removeprefix(point.destination) or "/"
    return None


def _is_in_writable_mount(container: Container, path: str) -> bool:
    return any(
        point.writable and (path == point.destination or path.startswith(f"{point.destination}/"))
        for point in container.mount_points
    )
