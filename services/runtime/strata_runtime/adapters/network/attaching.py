"""Giving a container its network and taking it back: each step is undone when a later one fails."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from strata_chassis.errors import NotFound
from strata_runtime.adapters.network import etc
from strata_runtime.adapters.network.names import answer_names
from strata_runtime.adapters.network.namespaces import enable_ipv6, remove_namespace
from strata_runtime.adapters.network.parts import Parts
from strata_runtime.adapters.network.publishing import publish, unpublish
from strata_runtime.adapters.network.stations import Station, configuration, free_interface, lead_to_resolver
from strata_runtime.core.network.definition import DEFAULT_NETWORK
from strata_runtime.core.network.etcfiles import own_names
from strata_runtime.core.network.ports import wanted_ports
from strata_runtime.core.network.spec import Attachment, Endpoint, EndpointSpec, NetworkMode, NetworkSpec

_Attacher = Callable[[Parts, str, NetworkSpec, ExitStack], Attachment]


def attach(parts: Parts, container_id: str, spec: NetworkSpec) -> Attachment:
    """Give a container its network and record it; what it has already is returned as it is."""
    if container_id in parts.attachments:
        return parts.attachments[container_id]
    etc.check_names(spec)
    with ExitStack() as undo:
        undo.callback(parts.files.forget, container_id)
        attachment = _ATTACHERS[spec.mode](parts, container_id, spec, undo)
        undo.callback(parts.name_server.forget, container_id)
        answer_names(parts, attachment)
        parts.files.record(attachment)
        undo.pop_all()
    parts.attachments[container_id] = attachment
    return attachment


def detach(parts: Parts, container_id: str) -> None:
    """Take a container's network back. The record goes first: whatever stays behind a crash is then nobody's."""
    attachment = parts.attachments.pop(container_id, None)
    if attachment is None:
        return
    parts.files.forget(container_id)
    parts.name_server.forget(container_id)
    if attachment.endpoints:
        unpublish(parts, container_id, attachment.ports, attachment.endpoints[0])
    parts.stations.leave([endpoint.host_interface for endpoint in attachment.endpoints])
    if attachment.netns_path and attachment.mode is not NetworkMode.CONTAINER:
        remove_namespace(Path(attachment.netns_path))
    for endpoint in attachment.endpoints:
        if endpoint.network in parts.networks:
            parts.networks[endpoint.network].membership.dismiss(endpoint)


def join(
    parts: Parts, station: Station, wish: EndpointSpec, present: tuple[Endpoint, ...], undo: ExitStack
) -> Endpoint:
    """Put a station that is on networks already on one more; a ready link of it is used first.

    The first network that has a way out is the container's.
    """
    network = parts.network(wish.network)
    interface = free_interface(present)
    host_interface, index = station.host_interface, station.index
    if present or not host_interface:
        host_interface, index = parts.stations.join(station.namespace, network.bridge, interface)
        undo.callback(parts.stations.remove, host_interface)
    endpoint = network.membership.admit(wish, interface, host_interface)
    undo.callback(network.membership.dismiss, endpoint)
    if network.membership.definition.resolves_names:
        lead_to_resolver(station)
    if endpoint.ipv6_address:
        enable_ipv6(station.namespace, interface)
    is_way_out = not any(other.ipv4_gateway for other in present)
    station.namespace.netlink.burst(configuration(index, endpoint, is_gateway=is_way_out))
    return endpoint


def _attach_to_bridges(parts: Parts, container_id: str, spec: NetworkSpec, undo: ExitStack) -> Attachment:
    ports = wanted_ports(spec)
    wishes = spec.endpoints or (EndpointSpec(DEFAULT_NETWORK),)
    station = parts.network(wishes[0].network).pool.take()
    undo.callback(remove_namespace, station.namespace.path)
    endpoints: tuple[Endpoint, ...] = ()
    with station.namespace:
        for wish in wishes:
            endpoints += (join(parts, station, wish, endpoints, undo),)
    published = publish(parts, container_id, ports, endpoints[0], undo)
    bare = Attachment(
        container_id,
        spec.mode,
        str(station.namespace.path),
        endpoints=endpoints,
        ports=published,
        names=tuple(filter(None, (spec.container_name, container_id[:12]))),
    )
    return _with_files(parts, bare, spec)


def _attach_to_nothing(parts: Parts, container_id: str, spec: NetworkSpec, undo: ExitStack) -> Attachment:
    station = parts.bare_pool.take()
    undo.callback(remove_namespace, station.namespace.path)
    station.namespace.close()
    return _with_files(parts, Attachment(container_id, spec.mode, str(station.namespace.path)), spec)


def _attach_to_host(parts: Parts, container_id: str, spec: NetworkSpec, undo: ExitStack) -> Attachment:
    del undo  # nothing is made
    return _with_files(parts, Attachment(container_id, spec.mode, ""), spec)


def _with_files(parts: Parts, attachment: Attachment, spec: NetworkSpec) -> Attachment:
    """Write the files for /etc, and complete the attachment with them and what is in them."""
    resolver = etc.upstream(spec, attachment.endpoints)
    names = etc.Names(resolver, parts.host_gateway, is_embedded=parts.resolves_names(attachment))
    files = etc.write_etc_files(parts.files, attachment.container_id, spec, attachment.endpoints, names)
    hostnames = own_names(spec.hostname, spec.domainname) if spec.hostname else ()
    return replace(attachment, files=files, hostnames=hostnames, resolver=resolver, chosen_nameservers=spec.dns)


def _attach_to_container(parts: Parts, container_id: str, spec: NetworkSpec, undo: ExitStack) -> Attachment:
    del undo  # nothing is made
    other = parts.attachments.get(spec.container_id)
    if other is None:
        message = f"cannot join the network of container {spec.container_id}: it is not running"
        raise NotFound(message, reason="NETWORK_CONTAINER_NOT_RUNNING", metadata={"container": spec.container_id})
    return Attachment(container_id, spec.mode, other.netns_path, other.files)


_ATTACHERS: dict[NetworkMode, _Attacher] = {
    NetworkMode.BRIDGE: _attach_to_bridges,
    NetworkMode.NONE: _attach_to_nothing,
    NetworkMode.HOST: _attach_to_host,
    NetworkMode.CONTAINER: _attach_to_container,
}
