"""Flows as the kernel tells of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strata_runtime.core.network.flows import is_datagram_flow_to, read_flow

# What Linux 6.18 said of a datagram from 127.0.0.1:40000 to 127.0.0.1:53 (CTA_TUPLE_ORIG), and more after it.
UDP = bytes.fromhex(
    "3400 0180 1400 0180 0800 0100 7f000001 0800 0200 7f000001"
    "1c00 0280 0500 0100 11000000 0600 0200 9c400000 0600 0300 00350000"
    "0800 0300 0000018a"
)


def test_a_flow_is_read_with_what_names_it():
    flow = read_flow(UDP)
    assert (flow.protocol, flow.port) == (17, 53)
    assert flow.identity == UDP[:52]


def test_a_zone_is_part_of_a_flows_name():
    assert read_flow(UDP + bytes.fromhex("0600 1200 00050000")).identity.endswith(bytes.fromhex("0600 1200 00050000"))


@pytest.mark.parametrize(("ports", "is_one"), [({53}, True), ({54}, False), ((), False)])
def test_flows_of_datagrams_are_told_by_their_port(ports, is_one):
    assert is_datagram_flow_to(read_flow(UDP), ports) is is_one


def test_flows_of_streams_end_by_themselves():
    assert not is_datagram_flow_to(read_flow(UDP.replace(b"\x05\x00\x01\x00\x11", b"\x05\x00\x01\x00\x06")), {53})


@given(st.binary(max_size=80) | st.integers(0, len(UDP)).map(lambda end: UDP[:end]))
def test_what_is_no_flow_is_none(attributes):
    flow = read_flow(attributes)
    assert flow is None or flow.protocol in range(256)
