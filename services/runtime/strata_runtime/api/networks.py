"""Calls about networks."""

from collections.abc import Iterable

from strata.runtime.v1 import runtime_pb2
from strata_chassis.errors import InvalidArgument
from strata_runtime.api.network_views import PREDEFINED, attachment_message, network_message, wish_of
from strata_runtime.api.paging import page_of
from strata_runtime.api.rpc import Context
from strata_runtime.api.translate import to_value
from strata_runtime.core.container.network import NetworkAttachment
from strata_runtime.engine import membership
from strata_runtime.engine.parts import Parts


class NetworkCalls:
    """Create, get, list, delete, connect, disconnect."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def CreateNetwork(
        self, request: runtime_pb2.CreateNetworkRequest, _: Context
    ) -> runtime_pb2.CreateNetworkResponse:
        """Make a network."""
        if request.network.driver not in {"", "bridge"}:
            driver = request.network.driver
            raise InvalidArgument(
                f"there is no network driver {driver!r}: bridge is the only one",
                reason="NETWORK_DRIVER_UNKNOWN",
                metadata={"driver": driver},
            )
        made = await membership.create(self._parts, wish_of(request.network), request.request_id)
        return runtime_pb2.CreateNetworkResponse(network=network_message(made, {}))

    async def GetNetwork(self, request: runtime_pb2.GetNetworkRequest, _: Context) -> runtime_pb2.GetNetworkResponse:
        """Return a network and who is on it."""
        return runtime_pb2.GetNetworkResponse(network=self._view(request.network))

    async def ListNetworks(
        self, request: runtime_pb2.ListNetworksRequest, _: Context
    ) -> runtime_pb2.ListNetworksResponse:
        """List networks by name."""
        names = [*(network.name for network in self._parts.network.definitions()), *PREDEFINED]
        matching = [view for view in map(self._view, sorted(names)) if _has_labels(view, request.labels)]
        page, token = page_of(matching, request.page_size, request.page_token)
        return runtime_pb2.ListNetworksResponse(networks=page, next_page_token=token)

    async def DeleteNetwork(
        self, request: runtime_pb2.DeleteNetworkRequest, _: Context
    ) -> runtime_pb2.DeleteNetworkResponse:
        """Remove a network nobody is on."""
        await membership.delete(self._parts, request.network)
        return runtime_pb2.DeleteNetworkResponse()

    async def ConnectNetwork(
        self, request: runtime_pb2.ConnectNetworkRequest, _: Context
    ) -> runtime_pb2.ConnectNetworkResponse:
        """Put a container on one more network."""
        entry = self._parts.containers.find(request.container)
        wish = to_value(NetworkAttachment, request.attachment)
        definition, endpoint = await membership.connect(self._parts, entry, wish)
        view = attachment_message(definition, endpoint) if endpoint else request.attachment
        return runtime_pb2.ConnectNetworkResponse(attachment=view)

    async def DisconnectNetwork(
        self, request: runtime_pb2.DisconnectNetworkRequest, _: Context
    ) -> runtime_pb2.DisconnectNetworkResponse:
        """Take a container off a network."""
        entry = self._parts.containers.find(request.container)
        await membership.disconnect(self._parts, entry, request.network)
        return runtime_pb2.DisconnectNetworkResponse()

    def _view(self, name_or_id: str) -> runtime_pb2.Network:
        if name_or_id in PREDEFINED:
            return PREDEFINED[name_or_id]
        definition = self._parts.network.definition(name_or_id)
        return network_message(definition, self._parts.network.members(definition.name))


def _has_labels(network: runtime_pb2.Network, wanted: Iterable[str]) -> bool:
    """Tell whether a network has all of "key" or "key=value"."""
    pairs = (label.partition("=") for label in wanted)
    return all(key in network.labels and (not equals or network.labels[key] == value) for key, equals, value in pairs)
