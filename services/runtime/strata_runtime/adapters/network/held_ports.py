"""Host ports, held by bound sockets so that nobody else on the host takes them."""

import errno
import socket
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import replace

from strata_chassis.errors import AlreadyExists, InvalidArgument
from strata_runtime.core.network.ports import candidates, host_addresses
from strata_runtime.core.network.spec import Endpoint, Protocol, PublishedPort

_KINDS = {Protocol.TCP: socket.SOCK_STREAM, Protocol.UDP: socket.SOCK_DGRAM}
_ATTEMPTS_AT_ANY_PORT = 16


class HeldPorts:
    """The host ports of all containers, each bound but never served: nftables sees the packets first."""

    def __init__(self) -> None:
        self._sockets: dict[tuple[str, PublishedPort], list[socket.socket]] = {}

    def hold(self, container_id: str, ports: Iterable[PublishedPort], endpoint: Endpoint) -> tuple[PublishedPort, ...]:
        """Bind all ``ports`` or none; return them with their host ports filled in.

        Raises AlreadyExists if another container or process has one, InvalidArgument for an address that is not the
        host's.
        """
        with ExitStack() as undo:
            chosen: tuple[PublishedPort, ...] = ()
            for wish in ports:
                port, sockets = _hold(wish, endpoint)
                undo.callback(self.release, container_id, (port,))
                self._sockets[container_id, port] = sockets
                chosen += (port,)
            undo.pop_all()
        return chosen

    def release(self, container_id: str, ports: Iterable[PublishedPort]) -> None:
        """Let go of some ports of a container; ones that are not held are left alone."""
        for port in ports:
            _close_all(self._sockets.pop((container_id, port), []))

    def close(self) -> None:
        """Let go of all ports."""
        for sockets in self._sockets.values():
            _close_all(sockets)
        self._sockets.clear()


def _close_all(sockets: Iterable[socket.socket]) -> None:
    for each in sockets:
        each.close()


def _hold(port: PublishedPort, endpoint: Endpoint) -> tuple[PublishedPort, list[socket.socket]]:
    addresses = host_addresses(port, endpoint)
    attempts = candidates(port) if port.host_port else [0] * _ATTEMPTS_AT_ANY_PORT
    for number in attempts:
        sockets = _bind_all(addresses, number, port.protocol)
        if sockets:
            return replace(port, host_port=sockets[0].getsockname()[1], host_port_end=0), sockets
    wish = f"{addresses[0]}:{port.host_port}" + (f"-{port.host_port_end}" if port.host_port_end else "")
    message = f"Bind for {wish} failed: port is already allocated"
    metadata = {"address": addresses[0], "port": str(port.host_port), "protocol": str(port.protocol)}
    raise AlreadyExists(message, reason="PORT_IN_USE", metadata=metadata)


def _bind_all(addresses: Iterable[str], number: int, protocol: Protocol) -> list[socket.socket]:
    """Bind ``number`` (the same for all, if it is 0) on each address; return nothing if one of them is taken."""
    with ExitStack() as undo:
        sockets: list[socket.socket] = []
        for address in addresses:
            bound = _bind(address, number or (sockets[0].getsockname()[1] if sockets else 0), protocol)
            if bound is None:
                return []
            undo.callback(bound.close)
            sockets.append(bound)
        undo.pop_all()
        return sockets


def _bind(address: str, number: int, protocol: Protocol) -> socket.socket | None:
    """Return a socket bound to the port, None if it is taken."""
    holder = _socket(address, protocol)
    try:
        holder.bind((address, number))
    except OSError as error:
        holder.close()
        if error.errno == errno.EADDRINUSE:
            return _bind_among_remains(address, number) if protocol is Protocol.TCP else None
        message = f"cannot publish on {address}:{number}: {error.strerror}"
        raise InvalidArgument(message, reason="HOST_ADDRESS_INVALID", metadata={"address": address}) from error
    return holder


def _bind_among_remains(address: str, number: int) -> socket.socket | None:
    """Bind a port on which only closed connections linger (TIME_WAIT): whoever listens there still is in the way."""
    holder = _socket(address, Protocol.TCP)
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        holder.bind((address, number))
        holder.listen(1)
    except OSError:
        holder.close()
        return None
    return holder


def _socket(address: str, protocol: Protocol) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    holder = socket.socket(family, _KINDS[protocol])
    if family == socket.AF_INET6:
        holder.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    return holder
