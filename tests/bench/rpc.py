"""The engine's own API without the command around it: what a gRPC client pays for a run and an exec."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from strata.gateway.v1 import gateway_pb2, gateway_pb2_grpc
from strata.runtime.v1 import container_pb2, runtime_pb2, runtime_pb2_grpc
from tests.fixtures.suite import Suite


@dataclass(frozen=True)
class Engine:
    """Stubs on one connection to a gateway."""

    gateway: gateway_pb2_grpc.GatewayServiceStub
    runtime: runtime_pb2_grpc.RuntimeServiceStub

    def run(self, image: str, *command: str, network: str = "none") -> None:
        """Make, start, watch and remove a container, as ``strata run --rm`` does."""
        spec = container_pb2.ContainerSpec(image=image, command=command, network_mode=network, auto_remove=True)
        create = gateway_pb2.CreateContainerRequest(spec=spec)
        header = gateway_pb2.RunHeader(create=create, stdout=True, stderr=True)
        answers = self.gateway.Run(iter([gateway_pb2.RunRequest(header=header)]))
        last = list(answers)[-1]
        assert last.output.exit.exit_code == 0, last

    def exec(self, container: str, *command: str) -> None:
        """Run a command in a container to its end."""
        spec = runtime_pb2.ExecSpec(command=command, stdout=True, stderr=True)
        header = runtime_pb2.ExecHeader(container=container, spec=spec)
        last = list(self.runtime.Exec(iter([runtime_pb2.ExecRequest(header=header)])))[-1]
        assert last.output.exit.exit_code == 0, last


@contextmanager
def connected(suite: Suite) -> Iterator[Engine]:
    """An engine client that has spoken to the gateway already."""
    with suite.connect() as channel:
        yield Engine(gateway_pb2_grpc.GatewayServiceStub(channel), runtime_pb2_grpc.RuntimeServiceStub(channel))
