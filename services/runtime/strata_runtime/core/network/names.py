"""Names of links, tables and stations, derived so that two suites on one host never meet."""

import hashlib
from dataclasses import dataclass
from ipaddress import ip_address

DEFAULT_RUN_DIR = "/run/strata"
_LONGEST_LINK = 15  # IFNAMSIZ, and a zero


@dataclass(frozen=True, slots=True)
class HostNames:
    """What one suite is called in the kernel: its default bridge's link, its nftables table, its links' prefix.

    ``first_subnet`` is where it begins to look for free subnets: others leave the first ones to the system's suite.
    """

    bridge: str
    table: str
    link_prefix: str
    first_subnet: int = 0


def host_names(run_dir: str) -> HostNames:
    """Return the plain names for the default ``run_dir``, and ones with a digest of it for any other."""
    if run_dir.rstrip("/") == DEFAULT_RUN_DIR:
        return HostNames("strata0", "strata", "st")
    tag = hashlib.sha256(run_dir.encode()).hexdigest()[:6]
    return HostNames(f"strata-{tag}", f"strata_{tag}", f"s{tag}", int(tag, 16))


def network_link(prefix: str, network_id: str) -> str:
    """Name of the bridge of a user-defined network."""
    return f"{prefix}-{network_id}"[:_LONGEST_LINK]


def cable(prefix: str, chance: bytes) -> str:
    """Name of our end of a cable."""
    return f"{prefix}{chance.hex()}"[:_LONGEST_LINK]


def mac_address(ipv4_address: str) -> str:
    """Station address made of the IPv4 address: who gets a freed address also gets what neighbours have cached for it.

    The first byte marks it as locally administered.
    """
    packed = ip_address(ipv4_address).packed
    return ":".join(f"{byte:02x}" for byte in (0x02, 0x42, *packed))
