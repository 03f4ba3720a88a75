"""Changes, exports, copies."""

from collections.abc import AsyncIterator
from itertools import islice

from strata.runtime.v1 import runtime_pb2 as pb
from strata_chassis.errors import InvalidArgument
from strata_runtime.adapters.files.changes import list_changes
from strata_runtime.adapters.files.copying import Unpacking
from strata_runtime.api.rpc import Context
from strata_runtime.api.translate import to_message
from strata_runtime.core.changes import Change
from strata_runtime.engine import copying, exporting
from strata_runtime.engine.parts import Parts
from strata_runtime.engine.roots import mounted_root, private_layer

_BATCH = 500


class FileCalls:
    """Files of containers."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def ListChanges(self, request: pb.ListChangesRequest, _: Context) -> AsyncIterator[pb.ListChangesResponse]:
        """Stream what a container changed."""
        entry = self._parts.containers.find(request.container)
        async with mounted_root(self._parts, entry) as container:
            changes = list_changes(private_layer(self._parts, container))
            batches = iter(lambda: list(islice(changes, _BATCH)), [])
            with self._parts.streams.one() as stream:
                async for batch in stream.items(batches):
                    yield pb.ListChangesResponse(changes=map(_change, batch))

    async def ExportChanges(
        self, request: pb.ExportChangesRequest, _: Context
    ) -> AsyncIterator[pb.ExportChangesResponse]:
        """Stream the private layer as an OCI layer."""
        entry = self._parts.containers.find(request.container)
        async for data in exporting.changes_archive(self._parts, entry, freeze=request.pause):
            yield pb.ExportChangesResponse(data=data)

    async def ExportFilesystem(
        self, request: pb.ExportFilesystemRequest, _: Context
    ) -> AsyncIterator[pb.ExportFilesystemResponse]:
        """Stream the whole root."""
        entry = self._parts.containers.find(request.container)
        async for data in exporting.filesystem_archive(self._parts, entry):
            yield pb.ExportFilesystemResponse(data=data)

    async def CopyIn(self, requests: AsyncIterator[pb.CopyInRequest], _: Context) -> pb.CopyInResponse:
        """Unpack a tar into a container."""
        header = await _copy_header(requests)
        entry = self._parts.containers.find(header.container)
        how = Unpacking(
            owner=None if header.keep_owner else (0, 0), no_overwrite_dir_non_dir=header.no_overwrite_dir_non_dir
        )
        await copying.copy_in(self._parts, entry, header.path, _data(requests), how)
        return pb.CopyInResponse()

    async def CopyOut(self, request: pb.CopyOutRequest, _: Context) -> AsyncIterator[pb.CopyOutResponse]:
        """Stream a path as a tar."""
        entry = self._parts.containers.find(request.container)
        status = await copying.status_of(self._parts, entry, request.path)
        yield pb.CopyOutResponse(stat=to_message(pb.PathStat, status))
        async for data in copying.copy_out(self._parts, entry, request.path):
            yield pb.CopyOutResponse(data=data)

    async def StatPath(self, request: pb.StatPathRequest, _: Context) -> pb.StatPathResponse:
        """Say what is at a path."""
        entry = self._parts.containers.find(request.container)
        status = await copying.status_of(self._parts, entry, request.path)
        return pb.StatPathResponse(stat=to_message(pb.PathStat, status))


async def _copy_header(requests: AsyncIterator[pb.CopyInRequest]) -> pb.CopyInRequest.Header:
    async for request in requests:
        if request.WhichOneof("message") == "header":
            return request.header
        break
    raise InvalidArgument("the first message of the stream must be the header", reason="HEADER_MISSING")


async def _data(requests: AsyncIterator[pb.CopyInRequest]) -> AsyncIterator[bytes]:
    async for request in requests:
        yield request.data


def _change(change: Change) -> pb.ListChangesResponse.Change:
    return pb.ListChangesResponse.Change(path=change.path, kind=change.kind.value)  # type: ignore[arg-type]
