"""What a container asks of the network, and what it got."""

from dataclasses import dataclass
from enum import StrEnum


class NetworkMode(StrEnum):
    """Where a container's network namespace comes from."""

    BRIDGE = "bridge"
    NONE = "none"
    HOST = "host"
    CONTAINER = "container"


class Protocol(StrEnum):
    """Transport protocols whose ports can be published."""

    TCP = "tcp"
    UDP = "udp"


@dataclass(frozen=True, slots=True, order=True)
class PublishedPort:
    """A port of the host that leads to a port of a container.

    ``host_ip`` is empty for all of the host's addresses. ``host_port`` 0 asks for any free port; a ``host_port_end``
    above it asks for the first free one of a range.
    """

    container_port: int
    host_port: int = 0
    host_ip: str = ""
    protocol: Protocol = Protocol.TCP
    host_port_end: int = 0


@dataclass(frozen=True, slots=True)
class EndpointSpec:
    """A wish to be on one network: its name, and optionally fixed addresses and more names to be found by."""

    network: str
    aliases: tuple[str, ...] = ()
    ipv4_address: str = ""
    ipv6_address: str = ""
    mac_address: str = ""


@dataclass(frozen=True, slots=True)
class NetworkSpec:
    """All that a container asks of the network.

    ``endpoints`` count in mode BRIDGE only; none given means the default network. ``container_id`` names the other
    container in mode CONTAINER. ``exposed`` ports are published too when ``publish_all`` is set. ``extra_hosts`` are
    pairs of host name and address, where the address may be ``host-gateway``.
    """

    mode: NetworkMode = NetworkMode.BRIDGE
    endpoints: tuple[EndpointSpec, ...] = ()
    container_id: str = ""
    container_name: str = ""
    hostname: str = ""
    domainname: str = ""
    published: tuple[PublishedPort, ...] = ()
    publish_all: bool = False
    exposed: tuple[tuple[int, Protocol], ...] = ()
    dns: tuple[str, ...] = ()
    dns_search: tuple[str, ...] = ()
    dns_options: tuple[str, ...] = ()
    extra_hosts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A container's place on one network. IPv6 fields are empty when the network has no IPv6."""

    network: str
    interface: str
    host_interface: str
    mac_address: str
    ipv4_address: str
    ipv4_prefix_length: int
    ipv4_gateway: str
    ipv6_address: str = ""
    ipv6_prefix_length: int = 0
    ipv6_gateway: str = ""
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Resolver:
    """The content of a resolv.conf."""

    nameservers: tuple[str, ...] = ()
    search: tuple[str, ...] = ()
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EtcFiles:
    """Paths on the host of the files to be bind-mounted over the container's own in /etc."""

    resolv_conf: str = ""
    hosts: str = ""
    hostname: str = ""


@dataclass(frozen=True, slots=True)
class Attachment:
    """What a container got.

    An empty ``netns_path`` means the host's own network namespace. Others find the container by its ``names``, it knows
    itself by its ``hostnames``. ``resolver`` is what it asks where we do not answer; with ``chosen_nameservers`` we ask
    those on its behalf, instead of the host's.
    """

    container_id: str
    mode: NetworkMode
    netns_path: str
    files: EtcFiles = EtcFiles()
    endpoints: tuple[Endpoint, ...] = ()
    ports: tuple[PublishedPort, ...] = ()
    names: tuple[str, ...] = ()
    hostnames: tuple[str, ...] = ()
    resolver: Resolver = Resolver()
    chosen_nameservers: tuple[str, ...] = ()
