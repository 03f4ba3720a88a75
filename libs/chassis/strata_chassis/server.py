"""The gRPC server of a service: sockets, health, reflection, channelz, and a calm end on SIGTERM."""

import asyncio
import logging
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1._async import HealthServicer

from strata_chassis import endpoint, notify, wire
from strata_chassis.access import AccessLog
from strata_chassis.errors import InvalidArgument, Unavailable
from strata_chassis.interceptor_server import CallInterceptor
from strata_chassis.lazy_service import LazyService, recorded
from strata_chassis.logs import fields
from strata_chassis.metrics import Metrics
from strata_chassis.tls import TlsFiles
from strata_chassis.unix_socket import owned_socket

_log = logging.getLogger(__name__)
_SERVING = health_pb2.HealthCheckResponse.SERVING


@dataclass(frozen=True, kw_only=True)
class ServerConfig:
    """Where a server listens, and how it ends."""

    listen: tuple[str, ...]
    socket_group: str = ""
    tls: TlsFiles | None = None
    grace_s: float = 10.0


class Server:
    """One service's server: ``bind`` (still as root), ``add`` servicers, ``run``."""

    def __init__(self, config: ServerConfig, metrics: Metrics) -> None:
        self.draining = asyncio.Event()
        """Set on SIGTERM: endless streams should end by themselves then."""
        self.addresses: tuple[str, ...] = ()
        """Targets that clients can connect to, known once bound (a TCP port 0 is replaced by the real one)."""
        self.metrics = metrics
        self._config = config
        self._notifier = notify.Notifier()
        self._health = HealthServicer()
        self._names: list[str] = []
        self._stop_now = asyncio.Event()
        self._server = grpc.aio.server(interceptors=[CallInterceptor(AccessLog(metrics))], options=wire.SERVER)
        self.add(health_pb2_grpc.add_HealthServicer_to_server, self._health)

    def add(self, attach: Callable[[Any, grpc.aio.Server], None], servicer: object) -> None:
        """Attach a servicer by its generated ``add_<Service>Servicer_to_server``."""
        handlers = recorded(lambda server: attach(servicer, server))
        self._server.add_generic_rpc_handlers(handlers)
        self._names += [handler.service_name() for handler in handlers]  # type: ignore[attr-defined]

    def bind(self) -> None:
        """Listen on all addresses; raises InvalidArgument for a bad one, Unavailable for one that cannot be had."""
        self.addresses = tuple(self._bind_one(text) for text in self._config.listen)

    async def run(self, ready: Callable[[], None] | None = None) -> None:
        """Serve until SIGTERM or SIGINT, then end calmly; ``ready`` is called when calls are answered."""
        self._add_introspection()
        await self._server.start()
        with _signals(self.stop):
            await self._set_health(_SERVING)
            _log.info("serving", extra=fields(addresses=",".join(self.addresses)))
            self._notifier.tell(notify.READY)
            if ready is not None:
                ready()
            await self.draining.wait()
            await self._drain()

    async def close(self) -> None:
        """Let go of the sockets at once, also of a server that never ran; does nothing after ``run``."""
        self._notifier.close()
        await self._server.stop(None)

    def stop(self) -> None:
        """Begin the calm end; asked a second time, end at once."""
        if self.draining.is_set():
            self._stop_now.set()
        self.draining.set()

    async def _drain(self) -> None:
        self._notifier.tell(notify.STOPPING)
        _log.info("draining", extra=fields(grace_s=self._config.grace_s))
        await self._health.enter_graceful_shutdown()
        async with asyncio.TaskGroup() as tasks:
            hurry = tasks.create_task(self._hurry())
            await self._server.stop(self._config.grace_s)
            hurry.cancel()

    async def _hurry(self) -> None:
        await self._stop_now.wait()
        await self._server.stop(None)

    async def _set_health(self, status: int) -> None:
        for name in ("", *self._names):
            await self._health.set(name, status)

    def _bind_one(self, text: str) -> str:
        place = endpoint.parse(text)
        try:
            if isinstance(place, endpoint.UnixEndpoint):
                with owned_socket(place.path, self._config.socket_group):
                    self._server.add_insecure_port(place.target)
                return text
            if self._config.tls is None:
                raise InvalidArgument(
                    f"{text} needs tls-cert, tls-key and tls-ca: TCP is served with mutual TLS only",
                    reason="TLS_REQUIRED",
                    metadata={"endpoint": text},
                )
            port = self._server.add_secure_port(place.target, self._config.tls.server_credentials())
        except RuntimeError as error:
            raise Unavailable(
                f"cannot listen on {text}: {error}", reason="LISTEN_FAILED", metadata={"endpoint": text}
            ) from error
        return f"tcp://{endpoint.TcpEndpoint(place.host, port).target}"

    def _add_introspection(self) -> None:
        names = (*self._names, "grpc.reflection.v1alpha.ServerReflection", "grpc.channelz.v1.Channelz")

        def attach_reflection(server: Any) -> None:
            from grpc_reflection.v1alpha import reflection_pb2_grpc
            from grpc_reflection.v1alpha._async import ReflectionServicer

            add: Any = reflection_pb2_grpc.add_ServerReflectionServicer_to_server  # untyped
            add(ReflectionServicer(names), server)

        def attach_channelz(server: Any) -> None:
            from grpc_channelz.v1 import channelz_pb2_grpc
            from grpc_channelz.v1._async import ChannelzServicer

            channelz_pb2_grpc.add_ChannelzServicer_to_server(ChannelzServicer(), server)

        self._server.add_generic_rpc_handlers(
            (
                LazyService("grpc.reflection.v1alpha.ServerReflection", attach_reflection),
                LazyService("grpc.channelz.v1.Channelz", attach_channelz),
            )
        )


@contextmanager
def _signals(stop: Callable[[], None]) -> Iterator[None]:
    """Call ``stop`` on SIGTERM and SIGINT within the block."""
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGTERM, signal.SIGINT)
    for number in numbers:
        loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)
