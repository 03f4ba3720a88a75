"""All that attaching, recovering and clearing away have in common: one suite's networks on this host."""

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from strata_chassis.errors import NotFound
from strata_runtime.adapters.network.attachment_files import AttachmentFiles
from strata_runtime.adapters.network.bridges import Bridge
from strata_runtime.adapters.network.config import NetworkConfig
from strata_runtime.adapters.network.held_ports import HeldPorts
from strata_runtime.adapters.network.name_server import NameServer
from strata_runtime.adapters.network.netlink import NetlinkSocket
from strata_runtime.adapters.network.network_files import NetworkFiles
from strata_runtime.adapters.network.nftables import ForwardMaps
from strata_runtime.adapters.network.stations import StationMaker, StationPool
from strata_runtime.core.network.definition import DEFAULT_NETWORK, NetworkDefinition
from strata_runtime.core.network.membership import Membership
from strata_runtime.core.network.names import HostNames
from strata_runtime.core.network.spec import Attachment


@dataclass(slots=True)
class LiveNetwork:
    """A network whose bridge is there, and stations ready on it."""

    membership: Membership
    bridge: Bridge
    pool: StationPool


def live_network(stations: StationMaker, definition: NetworkDefinition, bridge: Bridge, warm: int) -> LiveNetwork:
    """Return a network whose bridge is there.

    ``warm`` stations are kept ready on the default one; half as many, from the first use on, on others.
    """
    is_default = definition.name == DEFAULT_NETWORK
    make = partial(stations.make_on, bridge, resolves_names=definition.resolves_names)
    pool = StationPool(make, warm if is_default else (warm + 1) // 2, wanted=is_default)
    return LiveNetwork(Membership(definition), bridge, pool)


@dataclass(slots=True)
class Parts:
    """What is open and known. One thread owns it."""

    config: NetworkConfig
    names: HostNames
    netlink: NetlinkSocket
    maps: ForwardMaps
    files: AttachmentFiles
    network_files: NetworkFiles
    stations: StationMaker
    bare_pool: StationPool
    ports: HeldPorts = field(default_factory=HeldPorts)
    name_server: NameServer = field(default_factory=NameServer)
    networks: dict[str, LiveNetwork] = field(default_factory=dict)
    attachments: dict[str, Attachment] = field(default_factory=dict)

    @property
    def netns_directory(self) -> Path:
        """Where namespaces are mounted."""
        return self.config.run_dir / "netns"

    def network(self, name_or_id: str) -> LiveNetwork:
        """Return a network by name, id or the beginning of its id; raise NotFound if there is none."""
        if name_or_id in self.networks:
            return self.networks[name_or_id]
        found = [
            network
            for network in self.networks.values()
            if name_or_id and network.membership.definition.network_id.startswith(name_or_id)
        ]
        if len(found) != 1:
            message = f"network {name_or_id} not found"
            raise NotFound(message, reason="NETWORK_UNKNOWN", metadata={"network": name_or_id})
        return found[0]

    @property
    def pools(self) -> tuple[StationPool, ...]:
        """All pools, the default network's first."""
        return (*(network.pool for network in self.networks.values()), self.bare_pool)

    def definitions(self) -> tuple[NetworkDefinition, ...]:
        """Return all networks."""
        return tuple(network.membership.definition for network in self.networks.values())

    def resolves_names(self, attachment: Attachment) -> bool:
        """Tell whether a container's questions for names come to us."""
        return any(
            self.networks[endpoint.network].membership.definition.resolves_names
            for endpoint in attachment.endpoints
            if endpoint.network in self.networks
        )

    @property
    def host_gateway(self) -> str:
        """The address under which containers reach the host."""
        return self.networks[DEFAULT_NETWORK].membership.definition.ipv4_gateway
