"""Keeping the kernel's rule set what the networks and attachments are."""

from strata_runtime.adapters.network import docker, nftables
from strata_runtime.adapters.network.forwarding import start_forwarding
from strata_runtime.adapters.network.parts import Parts
from strata_runtime.adapters.network.publishing import attachment_forwards
from strata_runtime.core.network.ruleset import table_text


def apply_rules(parts: Parts) -> None:
    """Replace our table, in one transaction, by what it should be now; make the host a router as far as needed."""
    run_dir = parts.config.run_dir
    outside4 = start_forwarding(run_dir, 4)
    outside6 = start_forwarding(run_dir, 6) if any(network.ipv6 for network in parts.definitions()) else ()
    docker.let_through([network.link for network in parts.definitions()])
    published = [each for attachment in parts.attachments.values() for each in attachment_forwards(attachment)]
    nftables.apply(table_text(parts.names.table, parts.definitions(), published, outside4=outside4, outside6=outside6))
