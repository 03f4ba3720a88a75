"""Which services stand behind this address, besides the engine's own."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import grpc
from google.protobuf.descriptor import FileDescriptor, ServiceDescriptor

from strata.registry.v1 import registry_pb2
from strata.runtime.v1 import runtime_pb2
from strata.store.v1 import store_pb2
from strata_chassis import endpoint, wire
from strata_chassis.channel import PATIENCE_S, Channel
from strata_chassis.errors import InvalidArgument
from strata_chassis.server import Server
from strata_chassis.tls import TlsFiles
from strata_gateway.adapters.peers import Endpoints
from strata_gateway.api.forwarder import ForwardedService
from strata_gateway.core import exposure


@asynccontextmanager
async def forwarded(endpoints: Endpoints, tls: TlsFiles | None, server: Server) -> AsyncIterator[None]:
    """Serve the exposed methods of the other services at ``server`` within the block."""
    async with AsyncExitStack() as stack:
        for name, descriptor, exposed in (
            ("runtime", _service(runtime_pb2), exposure.RUNTIME_METHODS),
            ("store", _service(store_pb2), exposure.STORE_METHODS),
            ("registry", _service(registry_pb2), exposure.REGISTRY_METHODS),
        ):
            channel = await stack.enter_async_context(_plain_channel(getattr(endpoints, name), tls))
            patient = Channel(channel, f"the {name} service", PATIENCE_S)
            server.add(_attach, ForwardedService(descriptor, exposed, channel, patient.reach))
        yield


def _service(module: Any) -> ServiceDescriptor:
    file: FileDescriptor = module.DESCRIPTOR
    (service,) = file.services_by_name.values()
    return service


def _attach(service: ForwardedService, server: grpc.aio.Server) -> None:
    server.add_generic_rpc_handlers((service,))


def _plain_channel(address: str, tls: TlsFiles | None) -> grpc.aio.Channel:
    """Open a channel that raises grpc's own errors, which are passed on as they are."""
    place = endpoint.parse(address)
    if isinstance(place, endpoint.UnixEndpoint):
        return grpc.aio.insecure_channel(place.target, options=wire.CLIENT)
    if tls is None:
        message = f"{address} needs tls-cert, tls-key and tls-ca: TCP is used with mutual TLS only"
        raise InvalidArgument(message, reason="TLS_REQUIRED", metadata={"endpoint": address})
    return grpc.aio.secure_channel(place.target, tls.channel_credentials(), options=wire.CLIENT)
