"""Making ports of the host lead to containers."""

from contextlib import ExitStack, suppress

from strata_chassis.errors import AlreadyExists
from strata_runtime.adapters.network.flow_table import forget_datagram_flows
from strata_runtime.adapters.network.parts import Parts
from strata_runtime.core.network.ports import Forward, forwards
from strata_runtime.core.network.spec import Attachment, Endpoint, Protocol, PublishedPort


def attachment_forwards(attachment: Attachment) -> tuple[Forward, ...]:
    """Return the map elements of all published ports of a container: they lead to its first endpoint."""
    if not attachment.endpoints:
        return ()
    return _forwards(attachment.ports, attachment.endpoints[0])


def publish(
    parts: Parts, container_id: str, ports: tuple[PublishedPort, ...], endpoint: Endpoint, undo: ExitStack
) -> tuple[PublishedPort, ...]:
    """Make all ``ports`` lead to ``endpoint``, or none; return them with their host ports filled in."""
    if not ports:
        return ()
    chosen = parts.ports.hold(container_id, ports, endpoint)
    undo.callback(parts.ports.release, container_id, chosen)
    elements = _forwards(chosen, endpoint)
    try:
        parts.maps.add(elements)
    except FileExistsError as error:
        message = f"port is already allocated: {error}"
        raise AlreadyExists(message, reason="PORT_IN_USE") from error
    undo.callback(parts.maps.remove, elements)
    forget_datagram_flows(_datagram_ports(chosen))
    return chosen


def unpublish(parts: Parts, container_id: str, ports: tuple[PublishedPort, ...], endpoint: Endpoint) -> None:
    """Make ports lead nowhere and let go of them."""
    for forward in _forwards(ports, endpoint):
        with suppress(FileNotFoundError):  # somebody flushed our table
            parts.maps.remove([forward])
    forget_datagram_flows(_datagram_ports(ports))
    parts.ports.release(container_id, ports)


def _datagram_ports(ports: tuple[PublishedPort, ...]) -> frozenset[int]:
    return frozenset(port.host_port for port in ports if port.protocol is Protocol.UDP)


def _forwards(ports: tuple[PublishedPort, ...], endpoint: Endpoint) -> tuple[Forward, ...]:
    return tuple(each for port in ports for each in forwards(port, endpoint))
