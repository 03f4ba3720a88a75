"""Requests as values, for both clients alike: what a user says in a few words, in the messages of the contract."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from google.protobuf.duration_pb2 import Duration
from strata.gateway.v1.gateway_pb2 import CreateContainerRequest, RunHeader, RunRequest
from strata.oci.v1.oci_pb2 import Credentials, Platform
from strata.runtime.v1.container_pb2 import ContainerSpec
from strata.runtime.v1.runtime_pb2 import (
    ExecHeader,
    ExecRequest,
    ExecSpec,
    ExitStatus,
    GetLogsRequest,
    StopContainerRequest,
    StreamInput,
    StreamOutput,
    TerminalSize,
)

from strata.gateway.v1 import gateway_pb2
from strata_client.wire.channel import new_request_id

MOST_STDIN_BYTES = 256 * 1024
"""How much input one message carries."""


class Completed(NamedTuple):
    """A process that has ended: its exit status, and all that it wrote."""

    exit_code: int
    stdout: bytes
    stderr: bytes
    container_id: str = ""


class Output:
    """Gathers the outputs of a session."""

    def __init__(self) -> None:
        self._stdout, self._stderr = bytearray(), bytearray()
        self._exit = ExitStatus()
        self._container_id = ""

    def add(self, output: StreamOutput) -> None:
        """Take one output."""
        kind = output.WhichOneof("output")
        if kind == "stdout":
            self._stdout += output.stdout
        elif kind == "stderr":
            self._stderr += output.stderr
        elif kind == "exit":
            self._exit = output.exit
        elif kind == "started":
            self._container_id = output.started.container_id

    def completed(self) -> Completed:
        """Give what the session was, once it has ended."""
        return Completed(self._exit.exit_code, bytes(self._stdout), bytes(self._stderr), self._container_id)


def spec(  # noqa: PLR0913
    image: str,
    command: Sequence[str] = (),
    *,
    name: str = "",
    env: Mapping[str, str] | None = None,
    user: str = "",
    working_dir: str = "",
    network: str = "",
    labels: Mapping[str, str] | None = None,
    auto_remove: bool = False,
) -> ContainerSpec:
    """Make the specification of a container; everything else can be set on what it returns."""
    return ContainerSpec(
        image=image,
        command=command,
        name=name,
        env=[f"{key}={value}" for key, value in (env or {}).items()],
        user=user,
        working_dir=working_dir,
        network_mode=network,
        labels=labels or {},
        auto_remove=auto_remove,
    )


def create_request(
    container: ContainerSpec, *, platform: Platform | None = None, credentials: Credentials | None = None
) -> CreateContainerRequest:
    """Ask for a container, and for its image where it is missing."""
    return CreateContainerRequest(
        request_id=new_request_id(),
        spec=container,
        pull_policy=gateway_pb2.PULL_POLICY_MISSING,
        platform=platform,
        credentials=credentials,
    )


def run_requests(container: ContainerSpec, stdin: bytes, credentials: Credentials | None = None) -> list[RunRequest]:
    """Run a container to its end, with ``stdin`` as its input."""
    if stdin:
        container.open_stdin, container.stdin_once = True, True
    header = RunHeader(
        create=create_request(container, credentials=credentials), stdin=bool(stdin), stdout=True, stderr=True
    )
    return [RunRequest(header=header), *(RunRequest(input=one) for one in _inputs(stdin))]


def exec_spec(
    command: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    user: str = "",
    working_dir: str = "",
    tty: bool = False,
    stdin: bool = False,
) -> ExecSpec:
    """Make the specification of a further process."""
    return ExecSpec(
        command=command,
        env=[f"{key}={value}" for key, value in (env or {}).items()],
        user=user,
        working_dir=working_dir,
        tty=tty,
        stdin=stdin,
        stdout=True,
        stderr=True,
    )


def exec_header(container: str, process: ExecSpec, size: tuple[int, int] | None = None) -> ExecRequest:
    """Begin a session; ``size`` of its terminal is columns and lines."""
    terminal = TerminalSize(width=size[0], height=size[1]) if size else None
    return ExecRequest(header=ExecHeader(container=container, spec=process, terminal_size=terminal))


def exec_requests(container: str, process: ExecSpec, stdin: bytes) -> list[ExecRequest]:
    """Run a process to its end, with ``stdin`` as its input."""
    return [exec_header(container, process), *(ExecRequest(input=one) for one in _inputs(stdin))]


def _inputs(stdin: bytes) -> list[StreamInput]:
    """Input in pieces, and its end; nothing at all where there is none."""
    pieces = [stdin[at : at + MOST_STDIN_BYTES] for at in range(0, len(stdin), MOST_STDIN_BYTES)]
    return [StreamInput(stdin=piece) for piece in pieces] + [StreamInput(close_stdin=True)] * bool(stdin)


def stop_request(container: str, timeout_s: float | None) -> StopContainerRequest:
    """Ask a container to stop; None leaves it its own time."""
    request = StopContainerRequest(container=container)
    if timeout_s is not None:
        duration = Duration()
        duration.FromNanoseconds(round(timeout_s * 10**9))
        request.timeout.CopyFrom(duration)
    return request


def logs_request(container: str, *, follow: bool, tail: int | None) -> GetLogsRequest:
    """Ask for what a container wrote."""
    return GetLogsRequest(container=container, follow=follow, tail=tail)
