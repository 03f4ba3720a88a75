"""Which containers find each other by name, and who answers them."""

from dataclasses import replace
from pathlib import Path

from strata_runtime.adapters.network import host
from strata_runtime.adapters.network.parts import Parts
from strata_runtime.adapters.network.redirect import lead_to_resolver, open_resolver
from strata_runtime.core.network.answering import Asker
from strata_runtime.core.network.spec import Attachment


def answer_names(parts: Parts, attachment: Attachment) -> None:
    """Answer a new container's questions, or one's whose networks have changed, and let others find it."""
    if attachment.endpoints and parts.resolves_names(attachment):
        _know(parts, attachment)
        if attachment.container_id in parts.name_server.served:
            parts.name_server.change(_asker(attachment))
        else:
            lead_to_resolver(Path(attachment.netns_path))
            _serve(parts, attachment)
    else:
        parts.name_server.forget(attachment.container_id)


def answer_names_again(parts: Parts, attachment: Attachment) -> None:
    """Answer a container that was attached before we were started: its namespace leads to our sockets already."""
    if attachment.endpoints and parts.resolves_names(attachment):
        _know(parts, attachment)
        _serve(parts, attachment)


def _serve(parts: Parts, attachment: Attachment) -> None:
    datagrams, connections = open_resolver(Path(attachment.netns_path))
    parts.name_server.serve(_asker(attachment), datagrams, connections)


def _know(parts: Parts, attachment: Attachment) -> None:
    """Names are known on user-defined networks only."""
    known = tuple(
        endpoint
        for endpoint in attachment.endpoints
        if parts.networks[endpoint.network].membership.definition.resolves_names
    )
    parts.name_server.know(replace(attachment, endpoints=known))


def _asker(attachment: Attachment) -> Asker:
    has_way_out = any(endpoint.ipv4_gateway for endpoint in attachment.endpoints)
    nameservers = attachment.chosen_nameservers or host.resolver().nameservers
    return Asker(attachment.container_id, nameservers, has_way_out)
