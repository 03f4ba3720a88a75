"""A network never hides what the host can reach."""

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strata_chassis.errors import Conflict, InvalidArgument, ResourceExhausted
from strata_runtime.core.network.subnets import CANDIDATES, candidate, check_free, gateway_of, parse_subnet, pick_ipv4

routes = st.lists(
    st.ip_addresses(v=4).flatmap(lambda a: st.integers(1, 32).map(lambda p: ip_network((a, p), strict=False)))
)


@given(routes)
def test_the_picked_subnet_overlaps_no_route(used):
    try:
        picked = pick_ipv4(used)
    except ResourceExhausted:
        assert all(any(candidate(number).overlaps(route) for route in used) for number in range(CANDIDATES))
    else:
        assert not any(picked.overlaps(route) for route in used)


def test_the_first_choice_is_the_one_of_other_engines():
    assert str(pick_ipv4([ip_network("0.0.0.0/0"), ip_network("10.0.0.0/8")])) == "172.17.0.0/16"


def test_candidates_do_not_overlap_and_do_not_run_out():
    assert [str(candidate(number)) for number in (0, 14, 15, 30, 31, CANDIDATES - 1, CANDIDATES)] == [
        "172.17.0.0/16",
        "172.31.0.0/16",
        "192.168.0.0/20",
        "192.168.240.0/20",
        "10.0.0.0/20",
        "10.255.240.0/20",
        "172.17.0.0/16",
    ]


def test_a_configured_subnet_that_is_routed_is_a_conflict_that_names_the_route():
    with pytest.raises(Conflict, match=r"10\.1\.0\.0/16 overlaps with 10\.0\.0\.0/8"):
        check_free(parse_subnet("10.1.0.0/16"), [ip_network("10.0.0.0/8")])


@pytest.mark.parametrize("text", ["10.0.0.1/8", "10.0.0.0/33", "x", "", "10.0.0.0/31", "fd00::/127", "10.0.0.0/8\n"])
def test_what_is_no_subnet_with_room_is_refused(text):
    with pytest.raises(InvalidArgument):
        parse_subnet(text)


def test_the_bridge_has_the_first_address():
    assert gateway_of(parse_subnet("fd00::/64")) == "fd00::1"
    assert gateway_of(parse_subnet("10.0.0.0/30")) == "10.0.0.1"
