"""Two suites on one host never meet."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strata_chassis.errors import InvalidArgument
from strata_runtime.core.network.definition import check_network_name
from strata_runtime.core.network.names import cable, host_names, mac_address, network_link

IFNAMSIZ = 16


def test_the_system_suite_has_plain_names():
    names = host_names("/run/strata/")
    assert (names.bridge, names.table) == ("strata0", "strata")


@given(st.text(), st.text(alphabet="0123456789abcdef", min_size=64, max_size=64))
def test_all_names_fit_the_kernel(run_dir, network_id):
    names = host_names(run_dir)
    assert len(names.bridge) < IFNAMSIZ
    assert len(cable(names.link_prefix, bytes(6))) < IFNAMSIZ
    assert len(network_link(names.link_prefix, network_id)) < IFNAMSIZ


def test_other_run_directories_have_names_of_their_own():
    one, other = host_names("/srv/one/run"), host_names("/srv/other/run")
    assert {one.bridge, one.table}.isdisjoint({other.bridge, other.table})


@given(st.ip_addresses(v=4))
def test_a_station_address_is_a_single_local_one(address):
    first = int(mac_address(str(address))[:2], 16)
    assert first & 0b11 == 0b10


@pytest.mark.parametrize("name", ["", "host", "none", "bridge", "-x", "a/b", "..", "a b", "x" * 64, "a\n"])
def test_a_name_that_is_no_networks_is_refused(name):
    with pytest.raises(InvalidArgument):
        check_network_name(name)
