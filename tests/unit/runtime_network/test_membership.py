"""Joining and leaving a network."""

from ipaddress import IPv4Network, IPv6Network

import pytest

from strata_chassis.errors import Conflict, InvalidArgument, ResourceExhausted
from strata_runtime.core.network.definition import NetworkDefinition
from strata_runtime.core.network.membership import Membership
from strata_runtime.core.network.spec import EndpointSpec


def network(*, internal=False, ipv6=None):
    gateway6 = str(ipv6.network_address + 1) if ipv6 else ""
    return NetworkDefinition(
        "n", "01", "st-01", IPv4Network("10.0.0.0/29"), "10.0.0.1", ipv6, gateway6, internal=internal
    )


def join(membership, **wish):
    return membership.admit(EndpointSpec("n", **wish), "eth0", "veth0")


def test_a_newcomer_gets_the_next_address_and_a_station_address_made_of_it():
    endpoint = join(Membership(network()))
    assert (endpoint.ipv4_address, endpoint.mac_address) == ("10.0.0.2", "02:42:0a:00:00:02")
    assert endpoint.ipv4_gateway == "10.0.0.1"


def test_an_internal_network_has_no_way_out():
    assert join(Membership(network(internal=True))).ipv4_gateway == ""


def test_both_families_are_given_where_the_network_has_both():
    endpoint = join(Membership(network(ipv6=IPv6Network("fd00::/64"))))
    assert (endpoint.ipv6_address, endpoint.ipv6_prefix_length, endpoint.ipv6_gateway) == ("fd00::2", 64, "fd00::1")


def test_addresses_wished_for_are_given():
    membership = Membership(network(ipv6=IPv6Network("fd00::/64")))
    endpoint = join(membership, ipv4_address="10.0.0.5", ipv6_address="fd00::99", mac_address="02-00-00-00-00-0A")
    assert (endpoint.ipv4_address, endpoint.ipv6_address, endpoint.mac_address) == (
        "10.0.0.5",
        "fd00::99",
        "02:00:00:00:00:0a",
    )


@pytest.mark.parametrize(
    ("wish", "error"),
    [
        ({"ipv6_address": "fd00::5"}, InvalidArgument),
        ({"mac_address": "01:00:5e:00:00:01"}, InvalidArgument),
        ({"mac_address": "nonsense"}, InvalidArgument),
        ({"ipv4_address": "10.0.0.1"}, Conflict),
    ],
)
def test_a_refused_newcomer_leaves_no_address_taken(wish, error):
    membership = Membership(network())
    with pytest.raises(error):
        join(membership, **wish)
    assert membership.is_empty


def test_a_full_network_says_so_and_has_room_again_when_one_leaves():
    membership = Membership(network())
    members = [join(membership) for _ in range(5)]
    with pytest.raises(ResourceExhausted):
        join(membership)
    membership.dismiss(members[2])
    assert join(membership).ipv4_address == members[2].ipv4_address


def test_who_was_there_before_keeps_the_address():
    endpoint = join(Membership(network()))
    restarted = Membership(network())
    restarted.readmit(endpoint)
    assert join(restarted).ipv4_address != endpoint.ipv4_address
