"""The default network: its subnet stays the same across restarts and boots, as long as the host lets it."""

import hashlib
import time

from strata_chassis.errors import Conflict, InvalidArgument
from strata_runtime.adapters.network import host
from strata_runtime.adapters.network.bridges import has_link
from strata_runtime.core.network.definition import DEFAULT_NETWORK, NetworkDefinition
from strata_runtime.core.network.names import HostNames
from strata_runtime.core.network.subnets import check_free, gateway_of, parse_subnet, pick_ipv4


def default_network(names: HostNames, subnet: str, last: NetworkDefinition | None) -> NetworkDefinition:
    """Return the definition of the default network: the ``last`` one if it still fits, a new one otherwise.

    Raises Conflict if a configured ``subnet`` is routed elsewhere, InvalidArgument if it is none of IPv4.
    """
    link = names.bridge
    if last and (not subnet or str(last.ipv4) == subnet) and (has_link(link) or _is_free(last)):
        return last
    used = host.routed_subnets()
    ipv4 = parse_subnet(subnet) if subnet else pick_ipv4(used, names.first_subnet)
    if ipv4.version != 4:  # noqa: PLR2004
        raise InvalidArgument(f"the default network needs an IPv4 subnet, not {subnet}", reason="SUBNET_INVALID")
    check_free(ipv4, used)
    return NetworkDefinition(
        name=DEFAULT_NETWORK,
        network_id=hashlib.sha256(f"{DEFAULT_NETWORK} {link}".encode()).hexdigest(),
        link=link,
        ipv4=ipv4,
        ipv4_gateway=gateway_of(ipv4),
        mtu=host.outgoing_mtu(),
        created_ns=time.time_ns(),
    )


def _is_free(network: NetworkDefinition) -> bool:
    try:
        check_free(network.ipv4, host.routed_subnets())
    except Conflict:
        return False
    return True
