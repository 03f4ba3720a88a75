"""Containers' places on networks: a namespace, and veth pairs from it to bridges."""

import errno
import secrets
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from strata_chassis.errors import ResourceExhausted
from strata_runtime.adapters.network import host, redirect, requests
from strata_runtime.adapters.network.bridges import Bridge
from strata_runtime.adapters.network.namespaces import (
    Namespace,
    link_index,
    make_namespace,
    remove_namespace,
)
from strata_runtime.adapters.network.netlink import NetlinkSocket, Request
from strata_runtime.core.network.names import cable
from strata_runtime.core.network.spec import Endpoint

FIRST_INTERFACE = "eth0"


@dataclass(slots=True)
class Station:
    """A namespace and, if it is on a bridge, its first link: named as the host sees it, numbered as it itself does.

    ``leads_to_resolver`` says whether questions for names that are asked in it come to us.
    """

    namespace: Namespace
    host_interface: str = ""
    index: int = 0
    leads_to_resolver: bool = False


class StationMaker:
    """Makes stations. ``prefix`` begins the names of our ends of pairs; ``netlink`` is the host's.

    Where bridges hand packets to netfilter (br_netfilter), a container's packet to its own published port is turned
    round within the bridge, which only a port in hairpin mode allows.
    """

    def __init__(self, directory: Path, prefix: str, netlink: NetlinkSocket) -> None:
        self._directory = directory
        self._prefix = prefix
        self._netlink = netlink
        self._needs_hairpin = host.filters_bridged_packets()

    def make(self) -> Station:
        """Make a station that is on no network."""
        return Station(make_namespace(self._directory / secrets.token_hex(8)))

    def make_on(self, bridge: Bridge, *, resolves_names: bool) -> Station:
        """Make a station on a bridge, without addresses."""
        station = self.make()
        try:
            if resolves_names:
                lead_to_resolver(station)
            station.host_interface, station.index = self.join(station.namespace, bridge, FIRST_INTERFACE)
        except BaseException:
            discard(station)
            raise
        return station

    def join(self, namespace: Namespace, bridge: Bridge, interface: str) -> tuple[str, int]:
        """Lay a cable from ``namespace`` to a bridge; return our end's name and its end's index.

        Raises ResourceExhausted if the bridge has no port left.
        """
        name = cable(self._prefix, secrets.token_bytes(6))
        wanted = [
            requests.create_veth(name, interface, namespace.fd, bridge.mtu),
            requests.raise_port(name, bridge.index),
        ]
        if bridge.isolates or self._needs_hairpin:
            wanted.append(requests.tune_port(name, is_hairpin=self._needs_hairpin, is_isolated=bridge.isolates))
        try:
            self._netlink.burst(wanted)
        except OSError as error:
            self.remove(name)
            if error.errno == errno.EXFULL:
                message = "the network is full: a bridge has room for 1,023 containers"
                raise ResourceExhausted(message, reason="NETWORK_FULL") from error
            raise
        return name, link_index(namespace, interface)

    def remove(self, host_interface: str) -> None:
        """Remove a cable, both ends of it; one that is gone is left alone."""
        self._netlink.burst([requests.delete_link(host_interface)], tolerate={errno.ENODEV})

    def leave(self, host_interfaces: Iterable[str]) -> None:
        """Cut cables; ones that are gone are left alone.

        Removing a pair takes the kernel tens of milliseconds, taking it off its bridge a tenth of one: the pair goes
        with its namespace, later.
        """
        cuts = [requests.set_master(name, 0) for name in host_interfaces]
        if cuts:
            self._netlink.burst(cuts, tolerate={errno.ENODEV})


class StationPool:
    """Stations made before they are needed. A pool that is not ``wanted`` yet is from the first use on."""

    def __init__(self, make: Callable[[], Station], size: int, *, wanted: bool = False) -> None:
        self._make = make
        self._size = size
        self._wanted = wanted
        self._ready: deque[Station] = deque()

    @property
    def is_full(self) -> bool:
        """Tell whether no more are to be made."""
        return not self._wanted or len(self._ready) >= self._size

    def take(self) -> Station:
        """Return a station that is nobody else's: a ready one, or one made now."""
        self._wanted = True
        return self._ready.popleft() if self._ready else self._make()

    def add_one(self) -> None:
        """Make one more ready."""
        self._ready.append(self._make())

    def drain(self) -> None:
        """Remove all that are ready; make no more."""
        self._wanted = False
        while self._ready:
            discard(self._ready.popleft())


def lead_to_resolver(station: Station) -> None:
    """Lead the questions for names that are asked in a station to us, if they are not led already."""
    if not station.leads_to_resolver:
        redirect.lead_to_resolver(station.namespace.path)
        station.leads_to_resolver = True


def discard(station: Station) -> None:
    """Remove a station; its cables go with it."""
    station.namespace.close()
    remove_namespace(station.namespace.path)


def free_interface(present: Iterable[Endpoint]) -> str:
    """Return the first name of ``eth0``, ``eth1`` and so on that a container does not have yet."""
    taken = {endpoint.interface for endpoint in present}
    return next(name for name in (f"eth{number}" for number in count()) if name not in taken)


def configuration(index: int, endpoint: Endpoint, *, is_gateway: bool) -> list[Request]:
    """Return the requests that give a station's link its addresses; ``is_gateway`` makes it the way out."""
    wanted = [
        requests.raise_station(index, endpoint.mac_address),
        requests.add_address(index, endpoint.ipv4_address, endpoint.ipv4_prefix_length),
    ]
    if endpoint.ipv6_address:
        wanted.append(requests.add_address(index, endpoint.ipv6_address, endpoint.ipv6_prefix_length))
    if is_gateway and endpoint.ipv4_gateway:
        wanted.append(requests.add_default_route(index, endpoint.ipv4_gateway))
    if is_gateway and endpoint.ipv6_gateway:
        wanted.append(requests.add_default_route(index, endpoint.ipv6_gateway))
    return wanted
