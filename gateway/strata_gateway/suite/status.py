"""Tell which services run and whether they serve (grpc.health.v1)."""

from dataclasses import dataclass
from pathlib import Path

from strata_gateway.suite.process import read_pid_file
from strata_gateway.suite.services import SERVICES, Layout, Service

HEALTH_WITHIN_S = 2.0
_SERVING = b"\x08\x01"  # HealthCheckResponse{status: SERVING}


@dataclass(frozen=True)
class Status:
    """What is known of one service; ``state`` is "stopped", "unhealthy" or "ready"."""

    service: str
    state: str
    pid: int | None


def status_of(layout: Layout, service: Service) -> Status:
    """Look at the process, then ask it."""
    process = read_pid_file(layout.pid_file(service))
    if process is None:
        return Status(service.name, "stopped", None)
    healthy = layout.socket(service).is_socket() if service.name == "launcher" else _serves(layout.socket(service))
    return Status(service.name, "ready" if healthy else "unhealthy", process.pid)


def suite_status(layout: Layout) -> list[Status]:
    """The state of every service, in starting order."""
    return [status_of(layout, service) for service in SERVICES]


def _serves(socket: Path) -> bool:
    import grpc

    with grpc.insecure_channel(f"unix:{socket}") as channel:
        check: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary("/grpc.health.v1.Health/Check")
        try:
            return bool(check(b"", timeout=HEALTH_WITHIN_S) == _SERVING)
        except grpc.RpcError:
            return False
