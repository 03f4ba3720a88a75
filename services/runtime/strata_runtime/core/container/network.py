"""What a container asks of networks, in the contract's words."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NetworkAttachment:
    """A place in a network; the lower fields are filled in while the container runs."""

    network: str = ""
    aliases: tuple[str, ...] = ()
    ipv4_address: str = ""
    ipv6_address: str = ""
    mac_address: str = ""
    ipv4_cidr: str = ""
    ipv4_gateway: str = ""
    ipv6_cidr: str = ""
    ipv6_gateway: str = ""
    interface: str = ""
    network_id: str = ""


@dataclass(frozen=True, slots=True)
class PortMapping:
    """A published port; host port 0 means a free one."""

    host_ip: str = ""
    host_port: int = 0
    host_port_end: int = 0
    container_port: int = 0
    protocol: str = ""
