"""Records that the next process reads."""

from ipaddress import IPv4Network, IPv6Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strata_runtime.core.network.definition import NetworkDefinition
from strata_runtime.core.network.records import (
    attachment_from_json,
    attachment_to_json,
    network_from_json,
    network_to_json,
)
from strata_runtime.core.network.spec import Attachment, Endpoint, EtcFiles, NetworkMode, Protocol, PublishedPort

ports = st.builds(
    PublishedPort,
    st.integers(1, 65535),
    st.integers(0, 65535),
    st.sampled_from(["", "127.0.0.1", "::1"]),
    st.sampled_from(Protocol),
    st.integers(0, 65535),
)
endpoints = st.builds(
    Endpoint,
    network=st.text(),
    interface=st.text(),
    host_interface=st.text(),
    mac_address=st.text(),
    ipv4_address=st.text(),
    ipv4_prefix_length=st.integers(0, 32),
    ipv4_gateway=st.text(),
    aliases=st.lists(st.text(), max_size=2).map(tuple),
)
attachments = st.builds(
    Attachment,
    st.text(),
    st.sampled_from(NetworkMode),
    st.text(),
    st.builds(EtcFiles, st.text(), st.text(), st.text()),
    st.lists(endpoints, max_size=2).map(tuple),
    st.lists(ports, max_size=2).map(tuple),
    st.lists(st.text(), max_size=2).map(tuple),
)


@given(attachments)
def test_an_attachment_reads_back_as_it_was(attachment):
    assert attachment_from_json(attachment_to_json(attachment, "this"), "this") == attachment


@given(attachments)
def test_an_attachment_of_an_earlier_boot_is_void(attachment):
    assert attachment_from_json(attachment_to_json(attachment, "earlier"), "this") is None


@given(attachments, st.data())
def test_a_torn_record_is_void(attachment, data):
    record = attachment_to_json(attachment, "this")
    assert attachment_from_json(record[: data.draw(st.integers(0, len(record) - 1))], "this") is None


@pytest.mark.parametrize(
    "record", [b"", b"null", b"[]", b'{"boot_id": "this"}', b'{"boot_id":"this","attachment":[]}', b"\xff"]
)
def test_what_is_no_record_is_void(record):
    assert attachment_from_json(record, "this") is None


@pytest.mark.parametrize("ipv6", [None, IPv6Network("fd00::/64")])
def test_a_network_reads_back_as_it_was(ipv6):
    network = NetworkDefinition(
        "n",
        "0123",
        "st-0123",
        IPv4Network("10.0.0.0/24"),
        "10.0.0.1",
        ipv6,
        internal=True,
        labels=(("a", "b"),),
        created_ns=5,
    )
    assert network_from_json(network_to_json(network)) == network
