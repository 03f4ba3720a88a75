"""From a user's words to a network."""

from ipaddress import IPv4Network, ip_network

import pytest

from strata_chassis.errors import Conflict, InvalidArgument
from strata_runtime.core.network.defining import NetworkWish, SubnetWish, Surroundings, define_network

AROUND = Surroundings((ip_network("172.17.0.0/16"), ip_network("0.0.0.0/0")), "st", "ab" * 32, 1450, 5)


def define(*subnets, name="mine", **wish):
    options = tuple(wish.pop("options", {}).items())
    return define_network(NetworkWish(name, subnets, options=options, **wish), AROUND)


def test_without_wishes_a_network_gets_the_next_free_subnet():
    network = define()
    assert (network.ipv4, network.ipv4_gateway, network.mtu) == (IPv4Network("172.18.0.0/16"), "172.18.0.1", 1450)
    assert (network.link, network.is_open, network.internal, network.ipv6) == ("st-abababababab", True, False, None)


def test_ipv6_without_a_subnet_is_a_unique_local_one():
    network = define(enable_ipv6=True)
    assert network.ipv6.prefixlen == 64
    assert network.ipv6.subnet_of(ip_network("fd00::/8"))
    assert network.ipv6_gateway == str(network.ipv6.network_address + 1)


def test_both_subnets_may_be_chosen():
    network = define(
        SubnetWish("10.1.0.0/16", "10.1.9.9", "10.1.2.0/24", (("r", "10.1.0.7"),)), SubnetWish("fd01::/64")
    )
    assert (str(network.ipv4), network.ipv4_gateway, str(network.ipv4_range)) == (
        "10.1.0.0/16",
        "10.1.9.9",
        "10.1.2.0/24",
    )
    assert (str(network.ipv6), network.ipv6_gateway) == ("fd01::/64", "fd01::1")
    assert network.reserved == (("r", "10.1.0.7"),)


def test_options_of_other_engines_are_understood():
    options = {
        "com.docker.network.bridge.enable_icc": "false",
        "com.docker.network.bridge.name": "br-mine",
        "com.docker.network.driver.mtu": "9000",
        "com.example.unknown": "kept",
    }
    network = define(options=options)
    assert (network.is_open, network.link, network.mtu) == (False, "br-mine", 9000)
    assert dict(network.options) == options


@pytest.mark.parametrize(
    "subnets",
    [
        (SubnetWish("10.1.0.0/16", "10.2.0.1"),),
        (SubnetWish("10.1.0.0/16", "gateway"),),
        (SubnetWish("10.1.0.0/16", ip_range="10.2.0.0/24"),),
        (SubnetWish("10.1.0.0/16", ip_range="10.0.0.0/8"),),
        (SubnetWish("10.1.0.0/16", ip_range="fd00::/120"),),
        (SubnetWish("10.1.0.0/16", aux_addresses=(("r", "10.2.0.1"),)),),
        (SubnetWish("10.1.0.0/16"), SubnetWish("10.2.0.0/16")),
        (SubnetWish("nonsense"),),
    ],
)
def test_subnets_that_do_not_fit_together_are_refused(subnets):
    with pytest.raises(InvalidArgument):
        define(*subnets)


@pytest.mark.parametrize(
    "options",
    [
        {"com.docker.network.bridge.name": "a-name-that-is-too-long"},
        {"com.docker.network.bridge.name": "x/../y"},
        {"com.docker.network.bridge.name": "0"},
        {"com.docker.network.driver.mtu": "70000"},
        {"com.docker.network.driver.mtu": "many"},
    ],
)
def test_options_that_cannot_be_are_refused(options):
    with pytest.raises(InvalidArgument):
        define(options=options)


def test_a_subnet_that_is_routed_already_is_a_conflict():
    with pytest.raises(Conflict):
        define(SubnetWish("172.17.5.0/24"))


def test_a_reserved_name_is_refused():
    with pytest.raises(InvalidArgument):
        define(name="host")
