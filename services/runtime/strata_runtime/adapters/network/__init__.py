"""Networks in the kernel: namespaces, links, addresses and nftables over netlink."""

from strata_runtime.adapters.network.backend import open_network
from strata_runtime.adapters.network.config import NetworkConfig
from strata_runtime.adapters.network.host_network import remove_everything

__all__ = ["NetworkConfig", "open_network", "remove_everything"]
