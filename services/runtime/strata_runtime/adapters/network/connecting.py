"""Changing the network of a running container: on and off networks, other published ports."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from strata_chassis.errors import AlreadyExists, FailedPrecondition, NotFound
from strata_runtime.adapters.network import etc, requests
from strata_runtime.adapters.network.attaching import join
from strata_runtime.adapters.network.names import answer_names
from strata_runtime.adapters.network.namespaces import link_index, open_namespace
from strata_runtime.adapters.network.parts import Parts
from strata_runtime.adapters.network.publishing import publish, unpublish
from strata_runtime.adapters.network.stations import Station
from strata_runtime.core.network import etcfiles
from strata_runtime.core.network.ports import change_of_ports, check_port
from strata_runtime.core.network.spec import Attachment, Endpoint, EndpointSpec, NetworkMode, PublishedPort

_MOST_HOSTS_BYTES = 1 << 20


def connect(parts: Parts, container_id: str, wish: EndpointSpec) -> Attachment:
    """Put a running container on one more network."""
    attachment = _bridged(parts, container_id)
    name = parts.network(wish.network).membership.definition.name
    if any(endpoint.network == name for endpoint in attachment.endpoints):
        message = f"the container is on network {name} already"
        raise AlreadyExists(message, reason="NETWORK_CONNECTED", metadata={"network": name, "container": container_id})
    with ExitStack() as undo:
        namespace = undo.enter_context(open_namespace(Path(attachment.netns_path)))
        station = Station(namespace, leads_to_resolver=container_id in parts.name_server.served)
        endpoint = join(parts, station, wish, attachment.endpoints, undo)
        changed = replace(attachment, endpoints=(*attachment.endpoints, endpoint))
        if not attachment.endpoints:
            changed = replace(changed, ports=publish(parts, container_id, attachment.ports, endpoint, undo))
        parts.files.record(changed)
        undo.pop_all()
        namespace.close()
    _edit_hosts(changed, lambda text: _with_addresses(text, endpoint, changed.hostnames))
    return _keep(parts, changed)


def disconnect(parts: Parts, container_id: str, network: str) -> Attachment:
    """Take a running container off a network; its ports and its way out move to the next one it is on."""
    attachment = _bridged(parts, container_id)
    live = parts.network(network)
    name = live.membership.definition.name
    leaving = [endpoint for endpoint in attachment.endpoints if endpoint.network == name]
    if not leaving:
        message = f"the container is not on network {name}"
        raise NotFound(message, reason="NETWORK_NOT_CONNECTED", metadata={"network": name, "container": container_id})
    (endpoint,) = leaving
    remaining = tuple(each for each in attachment.endpoints if each is not endpoint)
    changed = replace(attachment, endpoints=remaining)
    parts.files.record(changed)
    if endpoint is attachment.endpoints[0]:
        unpublish(parts, container_id, attachment.ports, endpoint)
    parts.stations.remove(endpoint.host_interface)
    live.membership.dismiss(endpoint)
    if remaining and endpoint is attachment.endpoints[0]:
        _publish(parts, container_id, changed.ports, remaining[0])
    _find_way_out(changed, endpoint)
    _edit_hosts(changed, lambda text: _without_addresses(text, endpoint))
    return _keep(parts, changed)


def republish(parts: Parts, container_id: str, ports: tuple[PublishedPort, ...]) -> Attachment:
    """Publish other ports of a running container.

    Those that it has already stay open all the time; if the others cannot be had, all stay as they were.
    """
    attachment = _bridged(parts, container_id)
    wishes = tuple(check_port(port) for port in ports)
    if not attachment.endpoints:
        return _keep(parts, replace(attachment, ports=wishes))
    endpoint = attachment.endpoints[0]
    change = change_of_ports(attachment.ports, wishes)
    with ExitStack() as undo:
        unpublish(parts, container_id, change.dropped, endpoint)
        undo.callback(_publish, parts, container_id, change.dropped, endpoint)
        added = publish(parts, container_id, change.added, endpoint, undo)
        changed = replace(attachment, ports=(*change.kept, *added))
        parts.files.record(changed)
        undo.pop_all()
    return _keep(parts, changed)


def rename(parts: Parts, container_id: str, name: str) -> None:
    """Let a container be found by another name; one that is not attached is left alone."""
    attachment = parts.attachments.get(container_id)
    if attachment is not None and attachment.mode is NetworkMode.BRIDGE:
        changed = replace(attachment, names=(name, container_id[:12]))
        parts.files.record(changed)
        _keep(parts, changed)


def _publish(parts: Parts, container_id: str, ports: tuple[PublishedPort, ...], endpoint: Endpoint) -> None:
    """Publish ports for good."""
    with ExitStack() as undo:
        publish(parts, container_id, ports, endpoint, undo)
        undo.pop_all()


def _bridged(parts: Parts, container_id: str) -> Attachment:
    attachment = parts.attachments.get(container_id)
    if attachment is None:
        message = f"container {container_id[:12]} does not run"
        raise FailedPrecondition(message, reason="CONTAINER_NOT_RUNNING", metadata={"container": container_id})
    if attachment.mode is not NetworkMode.BRIDGE:
        message = f"a container with network {attachment.mode} has no network of its own to change"
        raise FailedPrecondition(message, reason="NETWORK_MODE_FIXED", metadata={"container": container_id})
    return attachment


def _find_way_out(attachment: Attachment, left: Endpoint) -> None:
    """Route by the first network with a way out, if the one that was left had been it."""
    ways = [endpoint for endpoint in attachment.endpoints if endpoint.ipv4_gateway]
    if not left.ipv4_gateway or not ways:
        return
    with open_namespace(Path(attachment.netns_path)) as namespace:
        index = link_index(namespace, ways[0].interface)
        gateways = filter(None, (ways[0].ipv4_gateway, ways[0].ipv6_gateway))
        routes = [requests.add_default_route(index, gateway) for gateway in gateways]
        namespace.netlink.burst(routes, tolerate=requests.IS_THERE)


def _edit_hosts(attachment: Attachment, edit: Callable[[str], str]) -> None:
    """Edit a hosts file in place, which its container may have changed as well; one that is no longer text stays."""
    path = Path(attachment.files.hosts)
    with path.open("r+", errors="surrogateescape") as file:
        text = file.read(_MOST_HOSTS_BYTES + 1)
        if len(text) <= _MOST_HOSTS_BYTES:
            file.seek(0)
            file.write(edit(text))
            file.truncate()


def _with_addresses(text: str, endpoint: Endpoint, names: tuple[str, ...]) -> str:
    for address in filter(None, (endpoint.ipv4_address, endpoint.ipv6_address)):
        text = etcfiles.with_address(text, address, names)
    return text


def _without_addresses(text: str, endpoint: Endpoint) -> str:
    for address in filter(None, (endpoint.ipv4_address, endpoint.ipv6_address)):
        text = etcfiles.without_address(text, address)
    return text


def _keep(parts: Parts, attachment: Attachment) -> Attachment:
    parts.attachments[attachment.container_id] = attachment
    answer_names(parts, attachment)
    if attachment.endpoints:
        etc.rewrite_resolv_conf(attachment, is_embedded=parts.resolves_names(attachment))
    return attachment
