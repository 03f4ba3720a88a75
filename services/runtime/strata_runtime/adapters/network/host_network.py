"""One suite's networks on this host, from opening to clearing away. Everything here runs on one thread."""

import logging
import shutil
from collections.abc import Collection
from contextlib import ExitStack

from strata_runtime.adapters.network import docker, host, nftables
from strata_runtime.adapters.network.attaching import attach, detach
from strata_runtime.adapters.network.attachment_files import AttachmentFiles
from strata_runtime.adapters.network.bridges import ensure_bridge, remove_bridge
from strata_runtime.adapters.network.config import NetworkConfig
from strata_runtime.adapters.network.connecting import connect, disconnect, rename, republish
from strata_runtime.adapters.network.default_network import default_network
from strata_runtime.adapters.network.forwarding import VERSIONS, stop_forwarding
from strata_runtime.adapters.network.managing import create_network, remove_network
from strata_runtime.adapters.network.namespaces import prepare_directory, remove_directory
from strata_runtime.adapters.network.netlink import NetlinkSocket
from strata_runtime.adapters.network.network_files import NetworkFiles
from strata_runtime.adapters.network.nftables import ForwardMaps
from strata_runtime.adapters.network.parts import Parts, live_network
from strata_runtime.adapters.network.recovery import answer_all_again, hold_ports_again, recover_attachments
from strata_runtime.adapters.network.rules import apply_rules
from strata_runtime.adapters.network.stations import StationMaker, StationPool
from strata_runtime.adapters.network.table_watch import has_table
from strata_runtime.core.network.defining import NetworkWish
from strata_runtime.core.network.definition import DEFAULT_NETWORK, NetworkDefinition
from strata_runtime.core.network.names import HostNames, host_names
from strata_runtime.core.network.ruleset import removal_text
from strata_runtime.core.network.spec import Attachment, Endpoint, EndpointSpec, NetworkSpec, PublishedPort

_log = logging.getLogger(__name__)


class HostNetwork:
    """Networks and attachments, as they are in the kernel now."""

    def __init__(self, config: NetworkConfig) -> None:
        """Make what all containers share, take over what is there, and be ready to attach."""
        (config.run_dir / "network").mkdir(mode=0o711, parents=True, exist_ok=True)
        self._parts = _open_parts(config)
        self._is_open = True
        try:
            self._take_over()
        except BaseException:
            self.close()
            raise

    def _take_over(self) -> None:
        """Bring the kernel, and what an earlier process of ours left in it, in line with what we know."""
        prepare_directory(self._parts.netns_directory)
        recover_attachments(self._parts)
        apply_rules(self._parts)
        hold_ports_again(self._parts)
        answer_all_again(self._parts)

    def attachment(self, container_id: str) -> Attachment | None:
        """Return what a container has."""
        return self._parts.attachments.get(container_id)

    def attach(self, container_id: str, spec: NetworkSpec) -> Attachment:
        """Give a container its network."""
        return attach(self._parts, container_id, spec)

    def detach(self, container_id: str) -> None:
        """Take a container's network back."""
        detach(self._parts, container_id)

    def reconcile(self, live: Collection[str]) -> None:
        """Detach all but the ``live`` containers."""
        for container_id in self._parts.attachments.keys() - set(live):
            self.detach(container_id)

    @property
    def table(self) -> str:
        """Name of our nftables table."""
        return self._parts.names.table

    def heal(self) -> None:
        """Put our rules back if somebody removed them, other than ourselves at the end, and get on with Docker."""
        if not self._is_open:
            return
        if has_table(self.table):
            docker.let_through([network.link for network in self._parts.definitions()])
        else:
            _log.warning("nftables table %s was removed by somebody: it is put back", self.table)
            apply_rules(self._parts)

    def warm_one(self) -> bool:
        """Make one more station ready; tell whether there was need for it."""
        for pool in self._parts.pools:
            if not pool.is_full:
                pool.add_one()
                return True
        return False

    def definitions(self) -> tuple[NetworkDefinition, ...]:
        """Return all networks."""
        return self._parts.definitions()

    def definition(self, name_or_id: str) -> NetworkDefinition:
        """Return a network."""
        return self._parts.network(name_or_id).membership.definition

    def members(self, network: str) -> dict[str, Endpoint]:
        """Return who is on a network, by container id."""
        return {
            attachment.container_id: endpoint
            for attachment in tuple(self._parts.attachments.values())
            for endpoint in attachment.endpoints
            if endpoint.network == network
        }

    def create_network(self, wish: NetworkWish, request_id: str) -> NetworkDefinition:
        """Make a network."""
        return create_network(self._parts, wish, request_id)

    def remove_network(self, name_or_id: str) -> NetworkDefinition:
        """Remove a network."""
        return remove_network(self._parts, name_or_id)

    def connect(self, container_id: str, wish: EndpointSpec) -> Attachment:
        """Put a running container on one more network."""
        return connect(self._parts, container_id, wish)

    def disconnect(self, container_id: str, network: str) -> Attachment:
        """Take a running container off a network."""
        return disconnect(self._parts, container_id, network)

    def rename(self, container_id: str, name: str) -> None:
        """Let a container be found by another name."""
        rename(self._parts, container_id, name)

    def republish(self, container_id: str, ports: tuple[PublishedPort, ...]) -> Attachment:
        """Publish other ports of a running container."""
        return republish(self._parts, container_id, ports)

    def close(self) -> None:
        """Close what is ours alone; containers keep their networks, if there are any."""
        self._is_open = False
        for pool in self._parts.pools:
            pool.drain()
        self._parts.name_server.stop()
        self._parts.ports.close()
        self._parts.maps.close()
        self._parts.netlink.close()
        if not self._parts.attachments:
            remove_directory(self._parts.netns_directory)

    def teardown(self) -> None:
        """Take everything back that we ever made here, but for the definitions of networks; then close."""
        self._is_open = False
        parts = self._parts
        self.reconcile(())
        docker.let_go([network.link for network in parts.definitions()])
        for network in parts.networks.values():
            remove_bridge(parts.netlink, network.membership.definition.link)
        nftables.apply(removal_text(parts.names.table))
        for version in VERSIONS:
            stop_forwarding(parts.config.run_dir, version)
        self.close()
        shutil.rmtree(parts.config.run_dir / "network")


def remove_everything(config: NetworkConfig) -> None:
    """Clear away what a suite that runs no more has left in the kernel, whether it was stopped or killed."""
    HostNetwork(config).teardown()


def _open_parts(config: NetworkConfig) -> Parts:
    names = host_names(str(config.run_dir))
    with ExitStack() as undo:
        netlink = undo.enter_context(NetlinkSocket())
        network_files = NetworkFiles(config.state_dir / "networks")
        stations = StationMaker(config.run_dir / "netns", names.link_prefix, netlink)
        definitions = _load_networks(network_files, names, config.subnet)
        networks = {
            each.name: live_network(stations, each, ensure_bridge(netlink, each), config.warm_namespaces)
            for each in definitions
        }
        parts = Parts(
            config=config,
            names=names,
            netlink=netlink,
            maps=ForwardMaps(names.table),
            files=AttachmentFiles(config.run_dir / "network", config.state_dir / "etc", host.boot_id()),
            network_files=network_files,
            stations=stations,
            bare_pool=StationPool(stations.make, (config.warm_namespaces + 1) // 2, wanted=True),
            networks=networks,
        )
        undo.pop_all()
        return parts


def _load_networks(files: NetworkFiles, names: HostNames, subnet: str) -> tuple[NetworkDefinition, ...]:
    """Return the definitions of all networks, the default one first."""
    known = {network.name: network for network in files.load()}
    default = default_network(names, subnet, known.pop(DEFAULT_NETWORK, None))
    files.save(default)
    return (default, *known.values())
