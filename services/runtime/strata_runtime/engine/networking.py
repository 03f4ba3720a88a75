"""Between a container's words for networks and those of the network backend."""

from dataclasses import replace

from strata_chassis.errors import FailedPrecondition, InvalidArgument
from strata_runtime.core.container.network import NetworkAttachment, PortMapping
from strata_runtime.core.container.record import Container
from strata_runtime.core.network.spec import (
    Attachment,
    Endpoint,
    EndpointSpec,
    NetworkMode,
    NetworkSpec,
    Protocol,
    PublishedPort,
)
from strata_runtime.engine.containers import Containers

_FIXED_MODES = {"none": NetworkMode.NONE, "host": NetworkMode.HOST}
_CONTAINER_PREFIX = "container:"


def network_spec(container: Container, containers: Containers) -> NetworkSpec:
    """What a container asks of the network backend. Raises InvalidArgument, NotFound, FailedPrecondition."""
    spec = container.spec
    mode = _FIXED_MODES.get(spec.network_mode, NetworkMode.BRIDGE)
    joined = ""
    if spec.network_mode.startswith(_CONTAINER_PREFIX):
        mode = NetworkMode.CONTAINER
        joined = live_container(containers, spec.network_mode.removeprefix(_CONTAINER_PREFIX)).id
    return NetworkSpec(
        mode=mode,
        endpoints=_endpoints(container) if mode is NetworkMode.BRIDGE else (),
        container_id=joined,
        container_name=container.name,
        hostname=spec.hostname,
        domainname=spec.domainname,
        published=tuple(published(port) for port in spec.ports),
        publish_all=spec.publish_all_ports,
        exposed=tuple(_exposed(text) for text in spec.exposed_ports) if spec.publish_all_ports else (),
        dns=spec.dns,
        dns_search=spec.dns_search,
        dns_options=spec.dns_options,
        extra_hosts=tuple(_host(text) for text in spec.extra_hosts),
    )


def live_container(containers: Containers, reference: str) -> Container:
    """A container whose namespaces can be joined. Raises NotFound, FailedPrecondition."""
    container = containers.find(reference).container
    if not container.state.is_live:
        raise FailedPrecondition(
            f"container {container.name} does not run, so its namespaces cannot be joined",
            reason="CONTAINER_NOT_RUNNING",
            metadata={"container": container.id},
        )
    return container


def attached(container: Container, attachment: Attachment) -> Container:
    """A container with the addresses and ports it got."""
    return replace(
        container,
        networks=tuple(_place(endpoint) for endpoint in attachment.endpoints),
        ports=tuple(
            PortMapping(
                host_ip=port.host_ip,
                host_port=port.host_port,
                container_port=port.container_port,
                protocol=port.protocol.value,
            )
            for port in attachment.ports
        ),
    )


def etc_files(attachment: Attachment) -> tuple[tuple[str, str], ...]:
    """Files of the host over the container's own in /etc."""
    files = attachment.files
    pairs = (
        (files.resolv_conf, "/etc/resolv.conf"),
        (files.hostname, "/etc/hostname"),
        (files.hosts, "/etc/hosts"),
    )
    return tuple(pair for pair in pairs if pair[0])


def _endpoints(container: Container) -> tuple[EndpointSpec, ...]:
    spec = container.spec
    wishes = {wish.network: wish for wish in spec.networks if wish.network}
    first = "bridge" if spec.network_mode in ("", "bridge", "default") else spec.network_mode
    unnamed = next((wish for wish in spec.networks if not wish.network), None)
    wishes = {first: wishes.pop(first, unnamed or NetworkAttachment(first))} | wishes
    return tuple(
        EndpointSpec(
            network=network,
            aliases=wish.aliases,
            ipv4_address=wish.ipv4_address,
            ipv6_address=wish.ipv6_address,
            mac_address=wish.mac_address or (spec.mac_address if network == first else ""),
        )
        for network, wish in wishes.items()
    )


def _place(endpoint: Endpoint) -> NetworkAttachment:
    has_ipv6 = bool(endpoint.ipv6_address)
    return NetworkAttachment(
        network=endpoint.network,
        aliases=endpoint.aliases,
        mac_address=endpoint.mac_address,
        ipv4_cidr=f"{endpoint.ipv4_address}/{endpoint.ipv4_prefix_length}",
        ipv4_gateway=endpoint.ipv4_gateway,
        ipv6_cidr=f"{endpoint.ipv6_address}/{endpoint.ipv6_prefix_length}" if has_ipv6 else "",
        ipv6_gateway=endpoint.ipv6_gateway,
        interface=endpoint.interface,
    )


def published(port: PortMapping) -> PublishedPort:
    """A port to publish, in the network backend's words. Raises InvalidArgument."""
    return PublishedPort(
        container_port=port.container_port,
        host_port=port.host_port,
        host_ip=port.host_ip,
        protocol=_protocol(port.protocol or "tcp"),
        host_port_end=port.host_port_end,
    )


def _exposed(text: str) -> tuple[int, Protocol]:
    number, _, protocol = text.partition("/")
    if not number.isdecimal():
        raise InvalidArgument(f"{text!r} is not a port such as 80/tcp", reason="PORT_INVALID", metadata={"port": text})
    return int(number), _protocol(protocol or "tcp")


def _protocol(text: str) -> Protocol:
    try:
        return Protocol(text.lower())
    except ValueError as error:
        raise InvalidArgument(
            f"ports of protocol {text!r} cannot be published", reason="PORT_INVALID", metadata={"protocol": text}
        ) from error


def _host(text: str) -> tuple[str, str]:
    name, _, address = text.partition(":")
    return name, address.strip("[]")
