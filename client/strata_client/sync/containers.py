"""Containers, for programs that block."""

from collections.abc import Iterable, Iterator, Sequence

from google.protobuf.duration_pb2 import Duration
from strata.runtime.v1.container_pb2 import Container, ContainerSpec

from strata.gateway.v1 import gateway_pb2
from strata.runtime.v1 import runtime_pb2 as pb
from strata_client import requests
from strata_client.credentials import find_credentials
from strata_client.gateway import MAX_DATA_BYTES, Gateway
from strata_client.requests import Completed, Output
from strata_client.sync.session import Session
from strata_client.wire.channel import new_request_id

_PAGE_SIZE = 500


class Containers:
    """What can be done with containers. One is named by its ID, a unique prefix of it, or its name."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    # ------------------------------------------------------------------------------------------------------- running

    def run(self, image: str | ContainerSpec, command: Sequence[str] = (), stdin: bytes = b"") -> Completed:
        """Run a container to its end, pulling its image where it is missing, and give what it wrote.

        Of an image's name a container is made that removes itself; for anything else hand over a ``spec``.
        """
        spec = requests.spec(image, command, auto_remove=True) if isinstance(image, str) else image
        output = Output()
        with self._gateway.open(gateway_pb2.RunRequest, gateway_pb2.RunResponse) as stream:
            for request in requests.run_requests(spec, stdin, find_credentials(spec.image)):
                stream.send(request)
            for response in stream:
                output.add(response.output)
        return output.completed()

    def create(self, spec: ContainerSpec) -> Container:
        """Make a container, pulling its image where it is missing."""
        request = requests.create_request(spec, credentials=find_credentials(spec.image))
        return self._gateway.call(request, gateway_pb2.CreateContainerResponse).container

    def start(self, container: str) -> Container:
        """Run a container in the background; a running one stays as it is."""
        return self._gateway.call(pb.StartContainerRequest(container=container), pb.StartContainerResponse).container

    def stop(self, container: str, timeout_s: float | None = None) -> Container:
        """Ask a container to stop, and kill it after ``timeout_s``, or the time of its own."""
        return self._gateway.call(requests.stop_request(container, timeout_s), pb.StopContainerResponse).container

    def kill(self, container: str, signal: str = "KILL") -> None:
        """Send a signal."""
        self._gateway.call(pb.KillContainerRequest(container=container, signal=signal), pb.KillContainerResponse)

    def pause(self, container: str) -> None:
        """Freeze all processes of a container."""
        self._gateway.call(pb.PauseContainerRequest(container=container), pb.PauseContainerResponse)

    def resume(self, container: str) -> None:
        """Let a frozen container go on."""
        self._gateway.call(pb.ResumeContainerRequest(container=container), pb.ResumeContainerResponse)

    def wait(self, container: str, timeout_s: float | None = None) -> int:
        """Wait until a container does not run, and give its exit status; raises DeadlineExceeded."""
        request = pb.WaitContainerRequest(container=container)
        return self._gateway.call(request, pb.WaitContainerResponse, timeout_s).exit_code

    def remove(self, container: str, *, force: bool = False, volumes: bool = False) -> None:
        """Remove a container and what it wrote; ``force`` kills it first."""
        request = pb.DeleteContainerRequest(
            container=container, force=force, remove_volumes=volumes, request_id=new_request_id()
        )
        self._gateway.call(request, pb.DeleteContainerResponse)

    # ------------------------------------------------------------------------------------------------------- looking

    def get(self, container: str) -> Container:
        """Give one container."""
        return self._gateway.call(pb.GetContainerRequest(container=container), pb.GetContainerResponse).container

    def list(self, *, include_stopped: bool = False, labels: Sequence[str] = ()) -> Iterator[Container]:
        """Give containers, newest first; ``labels`` are "key" or "key=value", all of which must match."""
        request = pb.ListContainersRequest(page_size=_PAGE_SIZE, all=include_stopped, labels=labels)
        while True:
            page = self._gateway.call(request, pb.ListContainersResponse)
            yield from page.containers
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    def logs(
        self, container: str, *, follow: bool = False, tail: int | None = None
    ) -> Iterator[pb.GetLogsResponse.Entry]:
        """Give what a container wrote, line by line; ``follow`` goes on with what it writes."""
        request = requests.logs_request(container, follow=follow, tail=tail)
        with self._gateway.stream(request, pb.GetLogsResponse) as stream:
            for response in stream:
                yield from response.entries

    def stats(self, containers: Sequence[str] = (), interval_s: float = 1) -> Iterator[pb.GetStatsResponse]:
        """Give what containers use, again and again; without names, of all that run."""
        interval = Duration()
        interval.FromNanoseconds(round(interval_s * 10**9))
        request = pb.GetStatsRequest(containers=containers, interval=interval)
        with self._gateway.stream(request, pb.GetStatsResponse) as stream:
            yield from stream

    def changes(self, container: str) -> Iterator[pb.ListChangesResponse.Change]:
        """Give what a container changed in its file system, in the order of paths."""
        with self._gateway.stream(pb.ListChangesRequest(container=container), pb.ListChangesResponse) as stream:
            for response in stream:
                yield from response.changes

    # ------------------------------------------------------------------------------------------------- going inside

    def exec(self, container: str, command: Sequence[str], stdin: bytes = b"") -> Completed:
        """Run a further process to its end, and give what it wrote."""
        process = requests.exec_spec(command, stdin=bool(stdin))
        output = Output()
        with self._gateway.open(pb.ExecRequest, pb.ExecResponse) as stream:
            for request in requests.exec_requests(container, process, stdin):
                stream.send(request)
            for response in stream:
                output.add(response.output)
        return output.completed()

    def open(self, container: str, process: pb.ExecSpec, size: tuple[int, int] | None = None) -> Session:
        """Run a further process and converse with it; ``size`` of its terminal is columns and lines."""
        stream = self._gateway.open(pb.ExecRequest, pb.ExecResponse)
        stream.send(requests.exec_header(container, process, size))
        return Session(stream)

    def copy_out(self, container: str, path: str) -> Iterator[bytes]:
        """Give a path of a container as the bytes of a tar."""
        with self._gateway.stream(pb.CopyOutRequest(container=container, path=path), pb.CopyOutResponse) as stream:
            for response in stream:
                yield response.data

    def copy_in(self, container: str, path: str, tar: Iterable[bytes]) -> None:
        """Unpack the bytes of a tar into a directory of a container."""
        with self._gateway.open(pb.CopyInRequest, pb.CopyInResponse) as stream:
            stream.send(pb.CopyInRequest(header=pb.CopyInRequest.Header(container=container, path=path)))
            for piece in tar:
                for at in range(0, len(piece), MAX_DATA_BYTES):
                    stream.send(pb.CopyInRequest(data=piece[at : at + MAX_DATA_BYTES]))
                    stream.drain()
            stream.finish_sending()
            stream.receive()
