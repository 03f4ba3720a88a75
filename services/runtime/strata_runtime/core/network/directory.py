"""Who has which name, as seen from a container: on its own networks only."""

from collections import defaultdict
from dataclasses import dataclass, field
from ipaddress import ip_address

from strata_runtime.core.network.spec import Attachment, Endpoint

_ARPA_SUFFIXES = (".in-addr.arpa", ".ip6.arpa")


@dataclass(slots=True)
class _Names:
    """Names and addresses on one network, and whose they are."""

    by_name: dict[str, dict[str, Endpoint]] = field(default_factory=lambda: defaultdict(dict))
    by_address: dict[str, str] = field(default_factory=dict)


class Directory:
    """Names of containers, by network. Not thread-safe: one thread owns it."""

    def __init__(self) -> None:
        self._networks: dict[str, _Names] = defaultdict(_Names)
        self._attachments: dict[str, Attachment] = {}

    def put(self, attachment: Attachment) -> None:
        """Add a container, or replace what was known of it."""
        self.remove(attachment.container_id)
        self._attachments[attachment.container_id] = attachment
        for endpoint in attachment.endpoints:
            names = self._networks[endpoint.network]
            for name in _names_of(attachment, endpoint):
                names.by_name[name][attachment.container_id] = endpoint
            for address in _addresses(endpoint):
                names.by_address[address] = next(iter(attachment.names), "")

    def remove(self, container_id: str) -> None:
        """Forget a container."""
        attachment = self._attachments.pop(container_id, None)
        if attachment is None:
            return
        for endpoint in attachment.endpoints:
            names = self._networks[endpoint.network]
            for name in _names_of(attachment, endpoint):
                names.by_name[name].pop(container_id, None)
                if not names.by_name[name]:
                    del names.by_name[name]
            for address in _addresses(endpoint):
                names.by_address.pop(address, None)

    def addresses(self, asker: str, name: str) -> tuple[str, ...] | None:
        """Return the addresses of all who have ``name``, or NAME.NETWORK, on a network of the asker's, or None."""
        found = [
            address
            for network in self._networks_of(asker)
            for endpoint in self._named(network, name)
            for address in _addresses(endpoint)
        ]
        return tuple(found) or None

    def name(self, asker: str, address: str) -> str | None:
        """Return the name of who has ``address`` on a network of the asker's, as NAME.NETWORK."""
        for network in self._networks_of(asker):
            name = self._networks[network].by_address.get(address)
            if name:
                return f"{name}.{network}"
        return None

    def _networks_of(self, container_id: str) -> tuple[str, ...]:
        attachment = self._attachments.get(container_id)
        return tuple(endpoint.network for endpoint in attachment.endpoints) if attachment else ()

    def _named(self, network: str, name: str) -> tuple[Endpoint, ...]:
        by_name = self._networks[network].by_name
        short = name.removesuffix(f".{network.lower()}")
        return tuple((by_name.get(name) or by_name.get(short) or {}).values())


def reverse_address(name: str) -> str | None:
    """Return the address that a name below in-addr.arpa or ip6.arpa is about. Source: RFC 1035, 3.5; RFC 3596, 2.5."""
    suffix = next((suffix for suffix in _ARPA_SUFFIXES if name.endswith(suffix)), None)
    if suffix is None:
        return None
    parts = name.removesuffix(suffix).split(".")[::-1]
    groups = parts if suffix == _ARPA_SUFFIXES[0] else ["".join(parts[start : start + 4]) for start in range(0, 32, 4)]
    try:
        return str(ip_address((":" if suffix == _ARPA_SUFFIXES[1] else ".").join(groups)))
    except ValueError:
        return None


def _names_of(attachment: Attachment, endpoint: Endpoint) -> set[str]:
    return {name.lower() for name in (*attachment.names, *endpoint.aliases)}


def _addresses(endpoint: Endpoint) -> tuple[str, ...]:
    return tuple(filter(None, (endpoint.ipv4_address, endpoint.ipv6_address)))
