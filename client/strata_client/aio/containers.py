"""Containers, for programs that await."""

from collections.abc import AsyncIterable, AsyncIterator, Sequence

from google.protobuf.duration_pb2 import Duration
from strata.runtime.v1.container_pb2 import Container, ContainerSpec

from strata.gateway.v1 import gateway_pb2
from strata.runtime.v1 import runtime_pb2 as pb
from strata_client import requests
from strata_client.aio.gateway import AsyncGateway
from strata_client.aio.session import AsyncSession
from strata_client.credentials import find_credentials
from strata_client.gateway import MAX_DATA_BYTES
from strata_client.requests import Completed, Output
from strata_client.wire.channel import new_request_id

_PAGE_SIZE = 500


class Containers:
    """What can be done with containers. One is named by its ID, a unique prefix of it, or its name."""

    def __init__(self, gateway: AsyncGateway) -> None:
        self._gateway = gateway

    # ------------------------------------------------------------------------------------------------------- running

    async def run(self, image: str | ContainerSpec, command: Sequence[str] = (), stdin: bytes = b"") -> Completed:
        """Run a container to its end, pulling its image where it is missing, and give what it wrote.

        Of an image's name a container is made that removes itself; for anything else hand over a ``spec``.
        """
        spec = requests.spec(image, command, auto_remove=True) if isinstance(image, str) else image
        output = Output()
        async with self._gateway.open(gateway_pb2.RunRequest, gateway_pb2.RunResponse) as stream:
            for request in requests.run_requests(spec, stdin, find_credentials(spec.image)):
                stream.send_now(request)
            async for response in stream:
                output.add(response.output)
        return output.completed()

    async def create(self, spec: ContainerSpec) -> Container:
        """Make a container, pulling its image where it is missing."""
        request = requests.create_request(spec, credentials=find_credentials(spec.image))
        return (await self._gateway.call(request, gateway_pb2.CreateContainerResponse)).container

    async def start(self, container: str) -> Container:
        """Run a container in the background; a running one stays as it is."""
        return (
            await self._gateway.call(pb.StartContainerRequest(container=container), pb.StartContainerResponse)
        ).container

    async def stop(self, container: str, timeout_s: float | None = None) -> Container:
        """Ask a container to stop, and kill it after ``timeout_s``, or the time of its own."""
        return (
            await self._gateway.call(requests.stop_request(container, timeout_s), pb.StopContainerResponse)
        ).container

    async def kill(self, container: str, signal: str = "KILL") -> None:
        """Send a signal."""
        await self._gateway.call(pb.KillContainerRequest(container=container, signal=signal), pb.KillContainerResponse)

    async def pause(self, container: str) -> None:
        """Freeze all processes of a container."""
        await self._gateway.call(pb.PauseContainerRequest(container=container), pb.PauseContainerResponse)

    async def resume(self, container: str) -> None:
        """Let a frozen container go on."""
        await self._gateway.call(pb.ResumeContainerRequest(container=container), pb.ResumeContainerResponse)

    async def wait(self, container: str, timeout_s: float | None = None) -> int:
        """Wait until a container does not run, and give its exit status; raises DeadlineExceeded."""
        request = pb.WaitContainerRequest(container=container)
        return (await self._gateway.call(request, pb.WaitContainerResponse, timeout_s)).exit_code

    async def remove(self, container: str, *, force: bool = False, volumes: bool = False) -> None:
        """Remove a container and what it wrote; ``force`` kills it first."""
        request = pb.DeleteContainerRequest(
            container=container, force=force, remove_volumes=volumes, request_id=new_request_id()
        )
        await self._gateway.call(request, pb.DeleteContainerResponse)

    # ------------------------------------------------------------------------------------------------------- looking

    async def get(self, container: str) -> Container:
        """Give one container."""
        return (
            await self._gateway.call(pb.GetContainerRequest(container=container), pb.GetContainerResponse)
        ).container

    async def list(self, *, include_stopped: bool = False, labels: Sequence[str] = ()) -> AsyncIterator[Container]:
        """Give containers, newest first; ``labels`` are "key" or "key=value", all of which must match."""
        request = pb.ListContainersRequest(page_size=_PAGE_SIZE, all=include_stopped, labels=labels)
        while True:
            page = await self._gateway.call(request, pb.ListContainersResponse)
            for one in page.containers:
                yield one
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    async def logs(
        self, container: str, *, follow: bool = False, tail: int | None = None
    ) -> AsyncIterator[pb.GetLogsResponse.Entry]:
        """Give what a container wrote, line by line; ``follow`` goes on with what it writes."""
        request = requests.logs_request(container, follow=follow, tail=tail)
        async with self._gateway.stream(request, pb.GetLogsResponse) as stream:
            async for response in stream:
                for one in response.entries:
                    yield one

    async def stats(self, containers: Sequence[str] = (), interval_s: float = 1) -> AsyncIterator[pb.GetStatsResponse]:
        """Give what containers use, again and again; without names, of all that run."""
        interval = Duration()
        interval.FromNanoseconds(round(interval_s * 10**9))
        request = pb.GetStatsRequest(containers=containers, interval=interval)
        async with self._gateway.stream(request, pb.GetStatsResponse) as stream:
            async for response in stream:
                yield response

    async def changes(self, container: str) -> AsyncIterator[pb.ListChangesResponse.Change]:
        """Give what a container changed in its file system, in the order of paths."""
        async with self._gateway.stream(pb.ListChangesRequest(container=container), pb.ListChangesResponse) as stream:
            async for response in stream:
                for one in response.changes:
                    yield one

    # ------------------------------------------------------------------------------------------------- going inside

    async def exec(self, container: str, command: Sequence[str], stdin: bytes = b"") -> Completed:
        """Run a further process to its end, and give what it wrote."""
        process = requests.exec_spec(command, stdin=bool(stdin))
        output = Output()
        async with self._gateway.open(pb.ExecRequest, pb.ExecResponse) as stream:
            for request in requests.exec_requests(container, process, stdin):
                stream.send_now(request)
            async for response in stream:
                output.add(response.output)
        return output.completed()

    async def open(self, container: str, process: pb.ExecSpec, size: tuple[int, int] | None = None) -> AsyncSession:
        """Run a further process and converse with it; ``size`` of its terminal is columns and lines."""
        stream = self._gateway.open(pb.ExecRequest, pb.ExecResponse)
        await stream.send(requests.exec_header(container, process, size))
        return AsyncSession(stream)

    async def copy_out(self, container: str, path: str) -> AsyncIterator[bytes]:
        """Give a path of a container as the bytes of a tar."""
        async with self._gateway.stream(
            pb.CopyOutRequest(container=container, path=path), pb.CopyOutResponse
        ) as stream:
            async for response in stream:
                yield response.data

    async def copy_in(self, container: str, path: str, tar: AsyncIterable[bytes]) -> None:
        """Unpack the bytes of a tar into a directory of a container."""
        async with self._gateway.open(pb.CopyInRequest, pb.CopyInResponse) as stream:
            await stream.send(pb.CopyInRequest(header=pb.CopyInRequest.Header(container=container, path=path)))
            async for piece in tar:
                for at in range(0, len(piece), MAX_DATA_BYTES):
                    await stream.send(pb.CopyInRequest(data=piece[at : at + MAX_DATA_BYTES]))
            stream.finish_sending()
            await stream.receive()
