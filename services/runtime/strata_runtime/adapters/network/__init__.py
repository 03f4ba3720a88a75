"""Networks in the kernel: namespaces, links, addresses and nftables over netlink."""

from strata_runtime.adapters.network.backend import open_network
from strata_runtime.adapters.network.config import NetworkConfig

__all__ = ["NetworkConfig", "open_network"]
