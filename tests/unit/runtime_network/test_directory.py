"""Names as seen from a container."""

from collections import defaultdict
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strata_runtime.core.network.answering import Asker, answer
from strata_runtime.core.network.directory import Directory, reverse_address
from strata_runtime.core.network.dns_message import Query, RecordType
from strata_runtime.core.network.spec import Attachment, Endpoint, NetworkMode


def endpoint(network, address, aliases=()):
    return Endpoint(network, "eth0", "veth0", "02:42:00:00:00:01", address, 16, "10.0.0.1", aliases=aliases)


def attachment(container_id, *endpoints, names=()):
    return Attachment(container_id, NetworkMode.BRIDGE, "/netns", endpoints=endpoints, names=names or (container_id,))


@pytest.fixture
def directory():
    made = Directory()
    made.put(attachment("web", endpoint("front", "10.0.0.2", aliases=("www",)), endpoint("back", "10.1.0.2")))
    made.put(attachment("db", endpoint("back", "10.1.0.3", aliases=("sql", "DB.Main"))))
    made.put(attachment("client", endpoint("front", "10.0.0.9")))
    return made


@pytest.mark.parametrize(
    ("asker", "name", "addresses"),
    [
        ("client", "web", ("10.0.0.2",)),
        ("client", "www", ("10.0.0.2",)),
        ("client", "web.front", ("10.0.0.2",)),
        ("client", "web.back", None),
        ("client", "db", None),
        ("db", "web", ("10.1.0.2",)),
        ("db", "www", None),
        ("web", "db", ("10.1.0.3",)),
        ("web", "db.main", ("10.1.0.3",)),
        ("web", "web", ("10.0.0.2", "10.1.0.2")),
        ("stranger", "web", None),
        ("client", "", None),
    ],
)
def test_a_container_sees_names_of_its_own_networks(directory, asker, name, addresses):
    assert directory.addresses(asker, name) == addresses


def test_addresses_have_names_on_common_networks(directory):
    assert directory.name("client", "10.0.0.2") == "web.front"
    assert directory.name("client", "10.1.0.3") is None


def test_a_container_that_left_has_no_names(directory):
    directory.remove("web")
    assert directory.addresses("client", "web") is None
    assert directory.name("client", "10.0.0.2") is None
    directory.remove("web")


actions = st.sampled_from(["put", "remove"])
changes = st.lists(st.tuples(st.sampled_from("abcd"), actions, st.sampled_from("nm"), st.integers(1, 9)))


@given(changes)
def test_after_any_changes_only_those_present_are_found(history):
    directory, present = Directory(), {}
    for container_id, action, network, host in history:
        if action == "put":
            address = f"10.{'nm'.index(network)}.{'abcd'.index(container_id)}.{host}"
            present[container_id] = attachment(container_id, endpoint(network, address, aliases=("all",)))
            directory.put(present[container_id])
        else:
            present.pop(container_id, None)
            directory.remove(container_id)
    on = defaultdict(set)
    for each in present.values():
        on[each.endpoints[0].network].add(each.endpoints[0].ipv4_address)
    for container_id, each in present.items():
        network = each.endpoints[0].network
        assert set(directory.addresses(container_id, "all") or ()) == on[network]
        assert directory.addresses(container_id, container_id) == (each.endpoints[0].ipv4_address,)


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("2.0.17.172.in-addr.arpa", "172.17.0.2"),
        ("2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa", "fd00::2"),
        ("2.0.17.in-addr.arpa", None),
        ("x.0.17.172.in-addr.arpa", None),
        ("2.0.ip6.arpa", None),
        ("web", None),
    ],
)
def test_reverse_names_are_read(name, address):
    assert reverse_address(name) == address


def asked(name, kind=RecordType.A):
    return Query(1, name, kind, recurses=True, question=b"")


OUTSIDE = Asker("client", ("192.0.2.1",), may_ask_outside=True)
INSIDE = replace(OUTSIDE, may_ask_outside=False)
NO_ERROR, NAME_ERROR = 0, 3


@pytest.mark.parametrize(
    ("asker", "query", "code"),
    [
        (OUTSIDE, asked("web"), NO_ERROR),
        (OUTSIDE, asked("web", RecordType.AAAA), NO_ERROR),
        (OUTSIDE, asked("web", 16), NO_ERROR),
        (OUTSIDE, asked("example.org"), None),
        (OUTSIDE, asked("9.9.9.9.in-addr.arpa", RecordType.PTR), None),
        (INSIDE, asked("web"), NO_ERROR),
        (INSIDE, asked("example.org"), NAME_ERROR),
        (INSIDE, asked("9.9.9.9.in-addr.arpa", RecordType.PTR), NAME_ERROR),
        (INSIDE, asked("2.0.0.10.in-addr.arpa", RecordType.PTR), NO_ERROR),
    ],
)
def test_what_is_not_ours_is_asked_outside_or_denied(directory, asker, query, code):
    found = answer(directory, asker, query)
    assert (found[3] & 15 if found else None) == code
