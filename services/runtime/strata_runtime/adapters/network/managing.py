"""Making and removing networks."""

import hashlib
import secrets
import time
from contextlib import ExitStack

from strata_chassis.errors import AlreadyExists, Conflict, PermissionDenied
from strata_runtime.adapters.network import docker, host
from strata_runtime.adapters.network.bridges import ensure_bridge, has_link, remove_bridge
from strata_runtime.adapters.network.parts import Parts, live_network
from strata_runtime.adapters.network.rules import apply_rules
from strata_runtime.core.network.defining import NetworkWish, Surroundings, define_network
from strata_runtime.core.network.definition import RESERVED_NAMES, NetworkDefinition


def create_network(parts: Parts, wish: NetworkWish, request_id: str = "") -> NetworkDefinition:
    """Make a network and its bridge; a repeated ``request_id`` returns what it made.

    Raises InvalidArgument, AlreadyExists for its name, Conflict for its subnet or link.
    """
    network_id = hashlib.sha256(request_id.encode()).hexdigest() if request_id else secrets.token_hex(32)
    made = [each for each in parts.definitions() if each.network_id == network_id]
    if made:
        return made[0]
    if wish.name in parts.networks:
        message = f"network with name {wish.name} already exists"
        raise AlreadyExists(message, reason="NETWORK_EXISTS", metadata={"network": wish.name})
    definition = define_network(wish, _surroundings(parts, network_id))
    if has_link(definition.link):
        message = f"a link named {definition.link} is there already"
        raise Conflict(message, reason="LINK_EXISTS", metadata={"link": definition.link})
    with ExitStack() as undo:
        undo.callback(remove_bridge, parts.netlink, definition.link)
        bridge = ensure_bridge(parts.netlink, definition)
        undo.callback(parts.network_files.remove, network_id)
        parts.network_files.save(definition)
        undo.callback(parts.networks.pop, definition.name, None)
        parts.networks[definition.name] = live_network(parts.stations, definition, bridge, parts.config.warm_namespaces)
        apply_rules(parts)
        undo.pop_all()
    return definition


def remove_network(parts: Parts, name_or_id: str) -> NetworkDefinition:
    """Remove a network nobody is on.

    Raises NotFound, PermissionDenied for a predefined one, Conflict for one in use.
    """
    if name_or_id in RESERVED_NAMES:
        message = f"{name_or_id} is a pre-defined network and cannot be removed"
        raise PermissionDenied(message, reason="NETWORK_PREDEFINED", metadata={"network": name_or_id})
    network = parts.network(name_or_id)
    definition = network.membership.definition
    if definition.name in RESERVED_NAMES:
        return remove_network(parts, definition.name)
    if not network.membership.is_empty:
        message = f"network {definition.name} has active endpoints"
        raise Conflict(message, reason="NETWORK_IN_USE", metadata={"network": definition.name})
    parts.network_files.remove(definition.network_id)
    del parts.networks[definition.name]
    network.pool.drain()
    docker.let_go([definition.link])
    apply_rules(parts)
    remove_bridge(parts.netlink, definition.link)
    return definition


def _surroundings(parts: Parts, network_id: str) -> Surroundings:
    ours = [subnet for each in parts.definitions() for subnet in (each.ipv4, each.ipv6) if subnet]
    return Surroundings(
        used=(*host.routed_subnets(), *ours),
        link_prefix=parts.names.link_prefix,
        network_id=network_id,
        mtu=host.outgoing_mtu(),
        now_ns=time.time_ns(),
        first_subnet=parts.names.first_subnet,
    )
