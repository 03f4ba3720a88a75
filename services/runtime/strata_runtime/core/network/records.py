"""Attachments and networks as JSON, for the next process of ours to find."""

import json
from dataclasses import asdict
from ipaddress import IPv4Network, IPv6Network
from typing import Any

from strata_runtime.core.network.definition import NetworkDefinition
from strata_runtime.core.network.spec import (
    Attachment,
    Endpoint,
    EtcFiles,
    NetworkMode,
    Protocol,
    PublishedPort,
    Resolver,
)

_SUBNET_FIELDS = ("ipv4", "ipv6", "ipv4_range", "ipv6_range")


def attachment_to_json(attachment: Attachment, boot_id: str) -> bytes:
    """Return the record of an attachment, which is worth something only until the machine's next boot."""
    return json.dumps({"boot_id": boot_id, "attachment": asdict(attachment)}).encode()


def attachment_from_json(record: bytes, boot_id: str) -> Attachment | None:
    """Read a record; None if it is of an earlier boot or torn: what it told of is then gone from the kernel as well."""
    try:
        document = json.loads(record)
        return _attachment(document["attachment"]) if document["boot_id"] == boot_id else None
    except (ValueError, KeyError, TypeError):
        return None


def network_to_json(network: NetworkDefinition) -> bytes:
    """Return the record of a user-defined network."""
    document = asdict(network)
    document.update({name: str(document[name] or "") for name in _SUBNET_FIELDS})
    return json.dumps(document, indent=1).encode()


def network_from_json(record: bytes) -> NetworkDefinition:
    """Read the record of a network. Raises ValueError, KeyError or TypeError if it is none."""
    document: dict[str, Any] = json.loads(record)
    document.update({name: _subnet(name, document[name]) for name in _SUBNET_FIELDS})
    for key in ("labels", "options", "reserved"):
        document[key] = tuple((name, value) for name, value in document[key])
    return NetworkDefinition(**document)


def _subnet(field: str, text: str) -> IPv4Network | IPv6Network | None:
    if not text:
        return None
    return IPv4Network(text) if field.startswith("ipv4") else IPv6Network(text)


def _attachment(document: dict[str, Any]) -> Attachment:
    return Attachment(
        container_id=document["container_id"],
        mode=NetworkMode(document["mode"]),
        netns_path=document["netns_path"],
        files=EtcFiles(**document["files"]),
        endpoints=tuple(_endpoint(endpoint) for endpoint in document["endpoints"]),
        ports=tuple(_port(port) for port in document["ports"]),
        names=tuple(document["names"]),
        hostnames=tuple(document["hostnames"]),
        chosen_nameservers=tuple(document["chosen_nameservers"]),
        resolver=Resolver(*(tuple(document["resolver"][key]) for key in ("nameservers", "search", "options"))),
    )


def _endpoint(document: dict[str, Any]) -> Endpoint:
    return Endpoint(**{**document, "aliases": tuple(document["aliases"])})


def _port(document: dict[str, Any]) -> PublishedPort:
    return PublishedPort(**{**document, "protocol": Protocol(document["protocol"])})
