"""The nftables table, as nft itself reads it."""

import shutil
import subprocess
from ipaddress import IPv4Network, IPv6Network

import pytest

from strata_runtime.core.network.definition import NetworkDefinition
from strata_runtime.core.network.ports import forwards
from strata_runtime.core.network.ruleset import removal_text, table_text
from strata_runtime.core.network.spec import Endpoint, Protocol, PublishedPort

NETWORKS = (
    NetworkDefinition("bridge", "01", "strata0", IPv4Network("172.17.0.0/16"), "172.17.0.1"),
    NetworkDefinition(
        "six", "02", "st-02", IPv4Network("172.18.0.0/16"), "172.18.0.1", IPv6Network("fd00::/64"), "fd00::1"
    ),
    NetworkDefinition("in", "03", "st-03", IPv4Network("172.19.0.0/16"), "172.19.0.1", internal=True, is_open=False),
)
DUAL = Endpoint("six", "eth0", "veth0", "02:42:ac:12:00:02", "172.18.0.2", 16, "172.18.0.1", "fd00::2", 64, "fd00::1")
PORTS = (
    PublishedPort(80, 8080),
    PublishedPort(53, 53, protocol=Protocol.UDP),
    PublishedPort(443, 8443, "127.0.0.1"),
    PublishedPort(443, 8443, "::1"),
)
ALL = tuple(forward for port in PORTS for forward in forwards(port, DUAL))


@pytest.mark.skipif(shutil.which("nft") is None, reason="nft is not installed")
@pytest.mark.parametrize("networks", [NETWORKS, NETWORKS[:1], ()])
@pytest.mark.parametrize("published", [ALL, ()])
@pytest.mark.parametrize("outside", [("eth0", "wlan0"), ()])
def test_nft_accepts_the_table_whatever_is_in_it(networks, published, outside):
    text = table_text("strata_check", networks, published, outside4=outside, outside6=outside)
    done = subprocess.run(["nft", "--check", "-f", "-"], input=text, text=True, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_table_replaces_the_one_before_in_the_same_transaction():
    text = table_text("t", NETWORKS, ())
    assert text.startswith("table inet t {\n}\ndelete table inet t\ntable inet t {\n")
    assert removal_text("t") == "table inet t {\n}\ndelete table inet t\n"


def test_a_network_whose_containers_do_not_see_each_other_is_not_within():
    text = table_text("t", NETWORKS, ())
    (within,) = [line for line in text.splitlines() if '" . "' in line]
    assert '"strata0" . "strata0"' in within
    assert "st-03" not in within


def test_a_host_that_became_a_router_for_our_sake_is_none_between_its_outer_links():
    text = table_text("t", NETWORKS, (), outside4=("eth0", "wg0"))
    assert 'set outside4 {\n\t\ttype ifname\n\t\telements = { "eth0", "wg0" }' in text
    assert "set outside6 {\n\t\ttype ifname\n\t}" in text
