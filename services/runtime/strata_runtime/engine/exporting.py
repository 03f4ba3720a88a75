"""ExportChanges and ExportFilesystem."""

import os
from collections.abc import AsyncIterator, Iterator

from strata_runtime.adapters import inside
from strata_runtime.adapters.files.archive import gathered
from strata_runtime.adapters.files.exporting import export_changes, export_tree
from strata_runtime.core.container.record import State
from strata_runtime.engine.entry import Entry
from strata_runtime.engine.parts import Parts
from strata_runtime.engine.roots import mounted_root, private_layer
from strata_runtime.engine.stopping import pause, resume


async def changes_archive(parts: Parts, entry: Entry, *, freeze: bool) -> AsyncIterator[bytes]:
    """The private layer as an OCI layer; the container stands still meanwhile if asked to."""
    freezes = freeze and entry.container.state is State.RUNNING
    if freezes:
        await pause(parts, entry)
    try:
        async with mounted_root(parts, entry) as container:
            pieces = gathered(export_changes(private_layer(parts, container)))
            with parts.streams.one() as stream:
                async for piece in stream.items(pieces):
                    yield piece
    finally:
        if freezes and entry.container.state is State.PAUSED:
            await resume(parts, entry)


async def filesystem_archive(parts: Parts, entry: Entry) -> AsyncIterator[bytes]:
    """The whole root, without what is mounted in it."""
    async with mounted_root(parts, entry) as container:
        rootfs = str(parts.paths.rootfs(container.id))
        with parts.streams.one() as stream:
            async for piece in stream.items(gathered(_tree(rootfs))):
                yield piece


def _tree(rootfs: str) -> Iterator[bytes]:
    with inside.opened_root(rootfs) as root:
        directory = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=root)
        try:
            yield from export_tree(directory)
        finally:
            os.close(directory)
