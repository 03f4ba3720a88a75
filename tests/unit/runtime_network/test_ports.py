"""Published ports as elements of nftables maps."""
# ruff: noqa: S104 - addresses to publish on, nothing is bound

import pytest

from strata_chassis.errors import InvalidArgument
from strata_runtime.core.network.ports import (
    PortChange,
    change_of_ports,
    check_port,
    forwards,
    host_addresses,
    wanted_ports,
)
from strata_runtime.core.network.spec import Endpoint, NetworkSpec, Protocol, PublishedPort

V4 = Endpoint("bridge", "eth0", "veth0", "02:42:ac:11:00:02", "172.17.0.2", 16, "172.17.0.1")
DUAL = Endpoint("n", "eth0", "veth0", "02:42:ac:11:00:02", "172.17.0.2", 16, "172.17.0.1", "fd00::2", 64, "fd00::1")


def test_the_bytes_are_what_nft_itself_sends():
    (forward,) = forwards(PublishedPort(80, 8081), V4)
    assert forward.map_name == "published_any4"
    assert forward.key == bytes.fromhex("06000000 1f910000")
    assert forward.value == bytes.fromhex("ac110002 00500000")
    assert forward.text == "tcp . 8081 : 172.17.0.2 . 80"


def test_a_host_address_is_part_of_the_key():
    (forward,) = forwards(PublishedPort(53, 53, "127.0.0.1", Protocol.UDP), V4)
    assert forward.map_name == "published_at4"
    assert forward.key == bytes.fromhex("7f000001 11000000 00350000")
    assert forward.text == "127.0.0.1 . udp . 53 : 172.17.0.2 . 53"


@pytest.mark.parametrize(
    ("host_ip", "endpoint", "maps"),
    [
        ("", V4, ["published_any4"]),
        ("", DUAL, ["published_any4", "published_any6"]),
        ("0.0.0.0", DUAL, ["published_any4"]),
        ("::", DUAL, ["published_any6"]),
        ("::", V4, []),
        ("fd00::9", DUAL, ["published_at6"]),
    ],
)
def test_a_port_is_published_in_the_families_that_both_sides_speak(host_ip, endpoint, maps):
    assert [forward.map_name for forward in forwards(PublishedPort(80, 8080, host_ip), endpoint)] == maps


def test_the_host_port_is_held_in_each_family_it_is_published_in():
    assert host_addresses(PublishedPort(80), V4) == ("0.0.0.0",)
    assert host_addresses(PublishedPort(80), DUAL) == ("0.0.0.0", "::")
    assert host_addresses(PublishedPort(80, host_ip="10.0.0.1"), DUAL) == ("10.0.0.1",)


def test_publishing_all_adds_the_exposed_ports_that_are_not_named():
    exposed = ((80, Protocol.TCP), (53, Protocol.UDP))
    named = PublishedPort(80, 8080)
    spec = NetworkSpec(published=(named,), publish_all=True, exposed=exposed)
    assert wanted_ports(spec) == (named, PublishedPort(53, protocol=Protocol.UDP))
    assert wanted_ports(NetworkSpec(published=(named,), exposed=exposed)) == (named,)


@pytest.mark.parametrize(
    ("wish", "keeps"),
    [
        (PublishedPort(80), True),
        (PublishedPort(80, 8080), True),
        (PublishedPort(80, 8000, host_port_end=8100), True),
        (PublishedPort(80, 8081), False),
        (PublishedPort(81, 8080), False),
        (PublishedPort(80, 8080, "127.0.0.1"), False),
        (PublishedPort(80, 8080, protocol=Protocol.UDP), False),
    ],
)
def test_a_wish_that_is_fulfilled_already_keeps_the_port_open(wish, keeps):
    present = PublishedPort(80, 8080)
    change = change_of_ports((present,), (wish,))
    assert change == (PortChange((present,), (), ()) if keeps else PortChange((), (present,), (wish,)))


def test_one_port_fulfils_one_wish():
    present, wish = PublishedPort(80, 8080), PublishedPort(80)
    assert change_of_ports((present,), (wish, wish)) == PortChange((present,), (), (wish,))


@pytest.mark.parametrize(
    "port",
    [
        PublishedPort(0),
        PublishedPort(65536),
        PublishedPort(80, -1),
        PublishedPort(80, 65536),
        PublishedPort(80, 9000, host_port_end=8000),
        PublishedPort(80, 0, host_port_end=8000),
        PublishedPort(80, 8000, host_port_end=70000),
        PublishedPort(80, 8000, host_ip="localhost"),
        PublishedPort(80, 8000, host_ip="1.2.3.4 . tcp"),
    ],
)
def test_numbers_and_addresses_that_make_no_sense_are_refused(port):
    with pytest.raises(InvalidArgument):
        check_port(port)
