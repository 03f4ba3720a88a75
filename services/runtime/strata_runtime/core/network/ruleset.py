"""The nftables table that is all of our packet filtering and address translation.

One table, replaced as a whole in one transaction when networks change; a published port is one element of a map.
"""

from collections.abc import Iterable
from string import Template

from strata_runtime.core.network.definition import NetworkDefinition
from strata_runtime.core.network.ports import Forward

MAP_NAMES = ("published_any4", "published_at4", "published_any6", "published_at6")

# Why the rules are as they are:
# - guard: a container must not reach the host's loopback through the bridge, which has route_localnet set for the sake
#   of 127.0.0.1:PORT (cf. CVE-2020-8558), nor send from an address that is not its network's.
# - prerouting: what was published on 127.0.0.1 stays closed to neighbours who route 127.0.0.1 to us (moby#45610).
# - postrouting: answers must come back through us: for loopback's and for our own containers' way to a published port,
#   and for the way out.
# - forward: from outside only what is published, or an answer; networks do not see each other but through what they
#   publish; internal ones see nothing at all. The within set matters only where bridges hand packets to netfilter.
#   Links that are outside do not get a router between them just because we need one.
_TABLE = Template("""\
table inet $table {
}
delete table inet $table
table inet $table {
	set bridges {
		type ifname
$bridges	}
	set outside4 {
		type ifname
$outside4	}
	set outside6 {
		type ifname
$outside6	}
	set internal {
		type ifname
$internal	}
	set within {
		type ifname . ifname
$within	}
	set subnets4 {
		type ipv4_addr
		flags interval
$subnets4	}
	set subnets6 {
		type ipv6_addr
		flags interval
$subnets6	}
	map published_any4 {
		type inet_proto . inet_service : ipv4_addr . inet_service
$published_any4	}
	map published_at4 {
		type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service
$published_at4	}
	map published_any6 {
		type inet_proto . inet_service : ipv6_addr . inet_service
$published_any6	}
	map published_at6 {
		type ipv6_addr . inet_proto . inet_service : ipv6_addr . inet_service
$published_at6	}
	chain guard {
		type filter hook prerouting priority raw; policy accept;
		iifname @bridges ip daddr 127.0.0.0/8 drop
		iifname @bridges meta nfproto ipv4 fib saddr . iif oif missing drop
	}
	chain published {
		meta nfproto ipv4 dnat ip to ip daddr . meta l4proto . th dport map @published_at4
		meta nfproto ipv4 dnat ip to meta l4proto . th dport map @published_any4
		meta nfproto ipv6 dnat ip6 to ip6 daddr . meta l4proto . th dport map @published_at6
		meta nfproto ipv6 dnat ip6 to meta l4proto . th dport map @published_any6
	}
	chain prerouting {
		type nat hook prerouting priority dstnat; policy accept;
		iifname != "lo" ip daddr 127.0.0.0/8 accept
		fib daddr type local meta l4proto { tcp, udp } jump published
	}
	chain output {
		type nat hook output priority -100; policy accept;
		fib daddr type local meta l4proto { tcp, udp } jump published
	}
	chain postrouting {
		type nat hook postrouting priority srcnat; policy accept;
		oifname @bridges ip saddr 127.0.0.0/8 masquerade
		oifname @bridges ip6 saddr ::1 masquerade
		oifname @bridges ct status dnat ip saddr @subnets4 masquerade
		oifname @bridges ct status dnat ip6 saddr @subnets6 masquerade
		oifname != @bridges ip saddr @subnets4 masquerade
		oifname != @bridges ip6 saddr @subnets6 masquerade
	}
	chain forward {
		type filter hook forward priority filter; policy accept;
		meta nfproto ipv4 iifname @outside4 oifname @outside4 drop
		meta nfproto ipv6 iifname @outside6 oifname @outside6 drop
		iifname . oifname @within accept
		iifname @internal drop
		oifname @internal drop
		oifname != @bridges accept
		ct state established,related accept
		ct status dnat accept
		drop
	}
}
""")


def table_text(
    table: str,
    networks: Iterable[NetworkDefinition],
    forwards: Iterable[Forward],
    *,
    outside4: Iterable[str] = (),
    outside6: Iterable[str] = (),
) -> str:
    """Return the input for ``nft -f`` that makes ``table`` be exactly this, whatever was there.

    ``outside4`` and ``outside6`` are the links between which nothing was forwarded before the host became a router, for
    IPv4 or IPv6, for our sake.
    """
    networks = tuple(networks)
    values = {
        "bridges": _elements(f'"{network.link}"' for network in networks),
        "outside4": _elements(f'"{link}"' for link in outside4),
        "outside6": _elements(f'"{link}"' for link in outside6),
        "internal": _elements(f'"{network.link}"' for network in networks if network.internal),
        "within": _elements(f'"{network.link}" . "{network.link}"' for network in networks if network.is_open),
        "subnets4": _elements(str(network.ipv4) for network in networks),
        "subnets6": _elements(str(network.ipv6) for network in networks if network.ipv6),
    }
    forwards = tuple(forwards)
    maps = {name: _elements(forward.text for forward in forwards if forward.map_name == name) for name in MAP_NAMES}
    return _TABLE.substitute(values, **maps, table=table)


def removal_text(table: str) -> str:
    """Return the input for ``nft -f`` after which there is no ``table``, whether or not there was one."""
    return f"table inet {table} {{\n}}\ndelete table inet {table}\n"


def _elements(items: Iterable[str]) -> str:
    text = ", ".join(items)
    return f"\t\telements = {{ {text} }}\n" if text else ""
