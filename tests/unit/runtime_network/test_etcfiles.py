"""What stands in /etc of a container."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strata_chassis.errors import InvalidArgument
from strata_runtime.core.network.etcfiles import (
    check_host_name,
    check_resolver,
    container_resolver,
    extra_hosts,
    hosts,
    own_names,
    parse_resolv_conf,
    resolv_conf,
)
from strata_runtime.core.network.spec import Resolver

HOST = """\
# made by hand
nameserver 127.0.0.1
nameserver 10.0.0.2
nameserver fe80::1%eth0
nameserver ::1
domain old.example
search corp.example  example.org
options ndots:2
options timeout:1 attempts:3
sortlist 130.155.160.0
"""


def test_a_hosts_resolv_conf_is_read_as_glibc_reads_it():
    assert parse_resolv_conf(HOST) == Resolver(
        ("127.0.0.1", "10.0.0.2", "fe80::1%eth0", "::1"),
        ("corp.example", "example.org"),
        ("ndots:2", "timeout:1", "attempts:3"),
    )


@pytest.mark.parametrize(
    ("chosen", "has_ipv6", "expected"),
    [
        (Resolver(), False, (("10.0.0.2",), ("corp.example", "example.org"))),
        (Resolver(), True, (("10.0.0.2", "fe80::1%eth0"), ("corp.example", "example.org"))),
        (Resolver(("127.0.0.1",)), False, (("127.0.0.1",), ("corp.example", "example.org"))),
        (Resolver((), (".",)), False, (("10.0.0.2",), ())),
        (Resolver((), ("x.test",)), False, (("10.0.0.2",), ("x.test",))),
    ],
)
def test_loopback_resolvers_are_left_out_and_the_users_choice_wins(chosen, has_ipv6, expected):
    result = container_resolver(parse_resolv_conf(HOST), chosen, has_ipv6=has_ipv6)
    assert (result.nameservers, result.search) == expected


@pytest.mark.parametrize("text", ["", "nameserver 127.0.0.53\n", "nameserver\nnameserver x y z\n"])
def test_without_a_reachable_resolver_public_ones_stand_in(text):
    assert container_resolver(parse_resolv_conf(text), Resolver(), has_ipv6=False).nameservers == ("8.8.8.8", "8.8.4.4")


@given(st.text())
def test_reading_any_text_does_not_fail(text):
    container_resolver(parse_resolv_conf(text), Resolver(), has_ipv6=True)


words = st.from_regex(r"[a-z0-9.:]{1,20}", fullmatch=True)


@given(st.builds(Resolver, st.tuples(words, words), st.tuples(words), st.tuples(words, words)))
def test_what_is_written_reads_back(resolver):
    assert parse_resolv_conf(resolv_conf(resolver)) == resolver


@pytest.mark.parametrize(
    "resolver",
    [
        Resolver(nameservers=("8.8.8.8\nnameserver 6.6.6.6",)),
        Resolver(nameservers=("dns.google",)),
        Resolver(search=("a b",)),
        Resolver(search=("a\noptions debug",)),
        Resolver(options=("ndots:1 debug",)),
    ],
)
def test_no_word_of_the_user_brings_a_line_of_its_own(resolver):
    with pytest.raises(InvalidArgument):
        check_resolver(resolver)


@pytest.mark.parametrize("name", ["", "a b", "a\tb", "a\n1.2.3.4 b", "-a", "a#b", "x" * 254, "ä"])
def test_what_may_not_stand_in_a_hosts_file_is_refused(name):
    with pytest.raises(InvalidArgument):
        check_host_name(name)


def test_the_hosts_file_has_the_local_names_then_the_users_then_the_containers():
    text = hosts(["172.17.0.2", "fd00::2"], ["web.example", "web"], [("db", "10.0.0.9")])
    lines = text.splitlines()
    assert lines[0] == "127.0.0.1\tlocalhost"
    assert lines[-3:] == ["10.0.0.9\tdb", "172.17.0.2\tweb.example web", "fd00::2\tweb.example web"]


def test_host_gateway_stands_for_the_address_of_the_bridge():
    assert extra_hosts([("host", "host-gateway"), ("x", "1.2.3.4")], "172.17.0.1") == (
        ("host", "172.17.0.1"),
        ("x", "1.2.3.4"),
    )


@pytest.mark.parametrize(
    ("hostname", "domainname", "names"),
    [
        ("web", "", ("web",)),
        ("web", "example.org", ("web.example.org", "web")),
        ("web.example.org", "", ("web.example.org", "web")),
    ],
)
def test_a_container_has_its_full_name_first(hostname, domainname, names):
    assert own_names(hostname, domainname) == names
