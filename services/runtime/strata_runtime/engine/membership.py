"""Networks, and containers getting on and off them, running or not."""

from dataclasses import replace

from strata_chassis.errors import AlreadyExists, FailedPrecondition, NotFound
from strata_runtime.core.container.network import NetworkAttachment
from strata_runtime.core.container.spec import ContainerSpec
from strata_runtime.core.event import Event
from strata_runtime.core.network.defining import NetworkWish
from strata_runtime.core.network.definition import DEFAULT_NETWORK, NetworkDefinition
from strata_runtime.core.network.spec import Endpoint, EndpointSpec
from strata_runtime.engine.entry import Entry
from strata_runtime.engine.networking import attached
from strata_runtime.engine.parts import Parts


async def create(parts: Parts, wish: NetworkWish, request_id: str) -> NetworkDefinition:
    """Make a network."""
    made = await parts.network.create_network(wish, request_id)
    parts.journal.record(_event(parts, made, "create"))
    return made


async def delete(parts: Parts, name_or_id: str) -> None:
    """Remove a network nobody is on."""
    removed = await parts.network.remove_network(name_or_id)
    parts.journal.record(_event(parts, removed, "destroy"))


async def connect(parts: Parts, entry: Entry, wish: NetworkAttachment) -> tuple[NetworkDefinition, Endpoint | None]:
    """Put a container on one more network, now if it runs, and whenever it starts."""
    network = parts.network.definition(wish.network)
    async with entry.lock:
        container = entry.container
        if network.name in _networks_of(container.spec):
            raise AlreadyExists(
                f"container {container.name} is on network {network.name} already",
                reason="NETWORK_CONNECTED",
                metadata={"network": network.name, "container": container.id},
            )
        endpoint = None
        changed = replace(container, spec=_with_network(container.spec, replace(wish, network=network.name)))
        if container.state.is_live:
            attachment = await parts.network.connect(container.id, _endpoint_spec(network, wish))
            changed = attached(changed, attachment)
            endpoint = next(each for each in attachment.endpoints if each.network == network.name)
        entry.container = changed
        parts.journal.save(changed, _event(parts, network, "connect", container=container.id))
    return network, endpoint


async def disconnect(parts: Parts, entry: Entry, name_or_id: str) -> None:
    """Take a container off a network, now if it runs, and for good."""
    network = parts.network.definition(name_or_id)
    async with entry.lock:
        container = entry.container
        if network.name not in _networks_of(container.spec):
            raise NotFound(
                f"container {container.name} is not on network {network.name}",
                reason="NETWORK_NOT_CONNECTED",
                metadata={"network": network.name, "container": container.id},
            )
        changed = replace(container, spec=_without_network(container.spec, network.name))
        if container.state.is_live:
            changed = attached(changed, await parts.network.disconnect(container.id, network.name))
        entry.container = changed
        parts.journal.save(changed, _event(parts, network, "disconnect", container=container.id))


def _networks_of(spec: ContainerSpec) -> tuple[str, ...]:
    """Names of the networks a container wants, its first one first. Raises FailedPrecondition if it cannot have any."""
    mode = spec.network_mode or DEFAULT_NETWORK
    if mode == "host" or mode.startswith("container:"):
        raise FailedPrecondition(
            f"a container with network {mode} has no network of its own to change", reason="NETWORK_MODE_FIXED"
        )
    first = DEFAULT_NETWORK if mode == "default" else mode
    others = (wish.network for wish in spec.networks if wish.network not in {"", first})
    return tuple(name for name in (first, *others) if name != "none")


def _with_network(spec: ContainerSpec, wish: NetworkAttachment) -> ContainerSpec:
    if not _networks_of(spec):
        return replace(spec, network_mode=wish.network, networks=(wish,))
    return replace(spec, networks=(*spec.networks, wish))


def _without_network(spec: ContainerSpec, name: str) -> ContainerSpec:
    """The next network becomes the first; without any, the container has none."""
    remaining = [network for network in _networks_of(spec) if network != name]
    wishes = tuple(wish for wish in spec.networks if wish.network in remaining)
    return replace(spec, network_mode=remaining[0] if remaining else "none", networks=wishes)


def _endpoint_spec(network: NetworkDefinition, wish: NetworkAttachment) -> EndpointSpec:
    return EndpointSpec(network.name, wish.aliases, wish.ipv4_address, wish.ipv6_address, wish.mac_address)


def _event(parts: Parts, network: NetworkDefinition, action: str, **facts: str) -> Event:
    attributes = {"name": network.name, "type": "bridge", **facts}
    return Event(parts.now(), "network", action, network.network_id, attributes)
