"""Names of stacked layers. Source: OCI image-spec, config.md, "Layer ChainID"."""

from collections.abc import Iterable

from strata_oci.digest import Digest


def chain_id(parent: Digest | None, diff_id: Digest) -> Digest:
    """Name of a layer applied on its parents: equal stacks get equal names.

    ``parent`` is the chainID below, None for a base layer.
    """
    return diff_id if parent is None else Digest.of(f"{parent} {diff_id}".encode())


def chain_ids(diff_ids: Iterable[Digest]) -> tuple[Digest, ...]:
    """Names of the stacks that end with each of ``diff_ids``, the base layer first."""
    chain: list[Digest] = []
    for diff_id in diff_ids:
        chain.append(chain_id(chain[-1] if chain else None, diff_id))
    return tuple(chain)
