"""Keeping the kernel's rule set what the networks and attachments are."""

from strata_runtime.adapters.network import nftables
from strata_runtime.adapters.network.parts import Parts
from strata_runtime.adapters.network.publishing import attachment_forwards
from strata_runtime.core.network.ruleset import table_text


def apply_rules(parts: Parts) -> None:
    """Replace our table, in one transaction, by what it should be now."""
    published = [each for attachment in parts.attachments.values() for each in attachment_forwards(attachment)]
    nftables.apply(table_text(parts.names.table, parts.definitions(), published, outside=parts.outside))
