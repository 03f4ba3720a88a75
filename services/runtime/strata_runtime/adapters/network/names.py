"""Which containers find each other by name, and who answers them."""

from dataclasses import replace
from pathlib import Path

from strata_runtime.adapters.network import host
from strata_runtime.adapters.network.parts import Parts
from strata_runtime.adapters.network.redirect import open_resolver
from strata_runtime.core.network.answering import Asker
from strata_runtime.core.network.spec import Attachment


def answer_names(parts: Parts, attachment: Attachment) -> None:
    """Answer the questions of a container that is new or whose networks have changed, and let others find it."""
    if not attachment.endpoints or not parts.resolves_names(attachment):
        parts.name_server.forget(attachment.container_id)
    elif attachment.container_id in parts.name_server.served:
        parts.name_server.change(_known(parts, attachment), _asker(attachment))
    else:
        datagrams, connections = open_resolver(Path(attachment.netns_path))
        parts.name_server.serve(_known(parts, attachment), _asker(attachment), datagrams, connections)


def _known(parts: Parts, attachment: Attachment) -> Attachment:
    """Return what others may know of a container: its places on user-defined networks."""
    known = tuple(
        endpoint
        for endpoint in attachment.endpoints
        if parts.networks[endpoint.network].membership.definition.resolves_names
    )
    return replace(attachment, endpoints=known)


def _asker(attachment: Attachment) -> Asker:
    has_way_out = any(endpoint.ipv4_gateway for endpoint in attachment.endpoints)
    nameservers = attachment.chosen_nameservers or host.resolver().nameservers
    return Asker(attachment.container_id, nameservers, has_way_out)
