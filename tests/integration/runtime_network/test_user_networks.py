"""Networks that users make: names, isolation, getting on and off."""

import socket
import struct
from pathlib import Path

import pytest

from strata_chassis.errors import AlreadyExists, Conflict, FailedPrecondition, NotFound, PermissionDenied
from strata_runtime.adapters.network import open_network
from strata_runtime.adapters.network.namespaces import inside
from strata_runtime.core.network.defining import NetworkWish, SubnetWish
from strata_runtime.core.network.spec import EndpointSpec, NetworkMode, NetworkSpec, Protocol, PublishedPort

from .conftest import HOST_SIDE, HOST_SIDE_6, NEIGHBOUR, NEIGHBOUR_6, ask, serving

RESOLVER = ("127.0.0.11", 53)


def on(*networks, name="", published=(), aliases=()):
    endpoints = tuple(EndpointSpec(network, aliases=aliases) for network in networks)
    return NetworkSpec(endpoints=endpoints, container_name=name, hostname=name or "h", published=published)


def place(attachment):
    return Path(attachment.netns_path)


def text(path):
    return Path(path).read_text()


def address(attachment, network=None):
    return next(e.ipv4_address for e in attachment.endpoints if network in (None, e.network))


def question(name, record_type=1):
    labels = b"".join(bytes([len(label)]) + label for label in name.encode().split(b"."))
    return struct.pack("!HHHHHH", 77, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!HH", record_type, 1)


def lookup(asker, name, record_type=1, kind=socket.SOCK_DGRAM):
    """Ask as a container's libc would; return the code and the addresses (or raw data) of the answer."""
    with inside(place(asker)):
        client = socket.socket(socket.AF_INET, kind)
    with client:
        client.settimeout(2)
        client.connect(RESOLVER)
        message = question(name, record_type)
        if kind is socket.SOCK_STREAM:
            client.sendall(struct.pack("!H", len(message)) + message)
            answer = client.recv(4096)[2:]
        else:
            client.send(message)
            answer = client.recv(4096)
    number, flags, _, count, _, _ = struct.unpack_from("!HHHHHH", answer)
    assert number == 77
    records, offset = [], len(message)
    for _ in range(count):
        (size,) = struct.unpack_from("!H", answer, offset + 10)
        records.append(answer[offset + 12 : offset + 12 + size])
        offset += 12 + size
    return flags & 15, sorted(socket.inet_ntoa(each) if len(each) == 4 else each for each in records)


@pytest.fixture
async def mine(network):
    return await network.create_network(NetworkWish("mine"))


async def test_containers_find_each_other_by_name_alias_and_id(network, mine):
    web = await network.attach("0123456789abcdef", on("mine", name="web", aliases=("www", "shop")))
    client = await network.attach("client", on("mine", name="client"))
    for name in ("web", "WEB", "www", "shop", "0123456789ab", "web.mine"):
        assert lookup(client, name) == (0, [address(web)])
    assert text(client.files.resolv_conf).splitlines()[0] == "nameserver 127.0.0.11"


async def test_names_are_answered_over_tcp_and_in_reverse(network, mine):
    web = await network.attach("web", on("mine", name="web"))
    assert lookup(web, "web", kind=socket.SOCK_STREAM) == (0, [address(web)])
    reverse = ".".join(reversed(address(web).split("."))) + ".in-addr.arpa"
    assert lookup(web, reverse, record_type=12) == (0, [b"\x03web\x04mine\x00"])


async def test_a_name_without_an_address_of_the_family_asked_for_exists(network, mine):
    web = await network.attach("web", on("mine", name="web"))
    assert lookup(web, "web", record_type=28) == (0, [])


async def test_several_containers_may_share_an_alias(network, mine):
    one = await network.attach("one", on("mine", aliases=("db",)))
    two = await network.attach("two", on("mine", aliases=("db",)))
    assert lookup(one, "db") == (0, sorted([address(one), address(two)]))
    await network.detach("two")
    assert lookup(one, "db") == (0, [address(one)])


async def test_a_container_may_be_a_name_server_itself(network, mine):
    web = await network.attach("web", on("mine", name="web"))
    with serving(web, 53, socket.SOCK_DGRAM):
        assert ask("127.0.0.1", 53, place=place(web), kind=socket.SOCK_DGRAM) == "127.0.0.1"
        assert lookup(web, "web") == (0, [address(web)])


async def test_what_is_not_a_name_of_ours_is_asked_of_the_chosen_name_server(network, mine):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        assert probe.getsockname()
    spec = NetworkSpec(endpoints=(EndpointSpec("mine"),), dns=("127.0.0.1",))
    client = await network.attach("client", spec)
    assert lookup(client, "example.test")[0] == 2  # nobody serves there: SERVFAIL, and soon


async def test_on_an_internal_network_nothing_is_asked_outside(network):
    await network.create_network(NetworkWish("in", internal=True))
    one = await network.attach("one", on("in", name="one"))
    assert lookup(one, "secret.attacker.test") == (3, [])
    assert lookup(one, "one") == (0, [address(one)])


async def test_nonsense_gets_an_error_and_hurts_nobody(network, mine):
    web = await network.attach("web", on("mine", name="web"))
    with inside(place(web)):
        client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with client:
        client.settimeout(2)
        client.connect(RESOLVER)
        for junk in (b"", b"\0" * 11, b"\xff" * 600, question("a")[:-1], struct.pack("!HHHHHH", 1, 0x8180, 1, 0, 0, 0)):
            client.send(junk)
        client.send(struct.pack("!HHHHHH", 9, 0, 1, 0, 0, 0) + b"\xc0\x0c\0\1\0\1")
        codes = {client.recv(600)[3] & 15 for _ in range(2)}
    assert codes <= {1, 4}
    assert lookup(web, "web") == (0, [address(web)])


async def test_names_of_other_networks_are_not_known(network, mine):
    await network.create_network(NetworkWish("other", internal=True))
    await network.attach("web", on("mine", name="web"))
    stranger = await network.attach("stranger", on("other", name="stranger"))
    assert lookup(stranger, "web") == (3, [])


async def test_networks_do_not_reach_each_other_but_through_published_ports(network, mine):
    other = await network.create_network(NetworkWish("other"))
    web = await network.attach("web", on("mine", published=(PublishedPort(80),)))
    stranger = await network.attach("stranger", on("other"))
    with serving(web, 80):
        assert ask(address(web), 80, place=place(stranger), timeout_s=0.3) == ""
        assert ask(other.ipv4_gateway, web.ports[0].host_port, place=place(stranger)) != ""


async def test_an_internal_network_reaches_its_members_only(network, neighbour):
    await network.create_network(NetworkWish("in", internal=True))
    one, two = await network.attach("one", on("in")), await network.attach("two", on("in"))
    with serving(one, 80):
        assert ask(address(one), 80, place=place(two)) == address(two)
    outside = type(one)("n", NetworkMode.NONE, str(neighbour))
    with serving(outside, 80):
        assert ask(NEIGHBOUR, 80, place=place(one), timeout_s=0.3) == ""


async def test_containers_of_a_closed_network_do_not_see_each_other(network):
    closed = (("com.docker.network.bridge.enable_icc", "false"),)
    await network.create_network(NetworkWish("closed", options=closed))
    one, two = await network.attach("one", on("closed")), await network.attach("two", on("closed"))
    with serving(one, 80):
        assert ask(address(one), 80) != ""
        assert ask(address(one), 80, place=place(two), timeout_s=0.3) == ""


async def test_a_running_container_gets_on_a_network_and_off_again(network, mine):
    web = await network.attach("web", on("mine", name="web"))
    client = await network.attach("client", on("bridge", name="client"))
    joined = await network.connect("client", EndpointSpec("mine", aliases=("guest",)))
    assert [endpoint.interface for endpoint in joined.endpoints] == ["eth0", "eth1"]
    with serving(web, 80):
        assert ask(address(web), 80, place=place(client)) == address(joined, "mine")
        assert lookup(client, "web") == (0, [address(web)])
        assert lookup(web, "guest") == (0, [address(joined, "mine")])
        assert address(joined, "mine") in text(client.files.hosts)
        assert "127.0.0.11" in text(client.files.resolv_conf)
        left = await network.disconnect("client", "mine")
        assert left.endpoints == client.endpoints
        assert ask(address(web), 80, place=place(client), timeout_s=0.3) == ""
    assert address(joined, "mine") not in text(client.files.hosts)
    assert "127.0.0.11" not in text(client.files.resolv_conf)


async def test_ports_and_the_way_out_move_to_the_next_network(network, mine, neighbour):
    web = await network.attach("web", on("mine", "bridge", published=(PublishedPort(80),)))
    port = web.ports[0].host_port
    left = await network.disconnect("web", "mine")
    assert [endpoint.network for endpoint in left.endpoints] == ["bridge"]
    with serving(web, 80):
        assert ask("127.0.0.1", port) != ""
    outside = type(web)("n", NetworkMode.NONE, str(neighbour))
    with serving(outside, 80):
        assert ask(NEIGHBOUR, 80, place=place(web)) == HOST_SIDE


async def test_published_ports_of_a_running_container_can_be_changed(network):
    web = await network.attach("web", on("bridge", published=(PublishedPort(80),)))
    changed = await network.republish("web", (PublishedPort(80), PublishedPort(53, protocol=Protocol.UDP)))
    assert changed.ports[0] == web.ports[0]
    with serving(web, 80), serving(web, 53, socket.SOCK_DGRAM):
        assert ask("127.0.0.1", changed.ports[0].host_port) != ""
        assert ask("127.0.0.1", changed.ports[1].host_port, kind=socket.SOCK_DGRAM) != ""
        await network.republish("web", (changed.ports[1],))
        assert ask("127.0.0.1", changed.ports[0].host_port) == ""
        assert ask("127.0.0.1", changed.ports[1].host_port, kind=socket.SOCK_DGRAM) != ""


async def test_a_change_of_ports_that_fails_changes_nothing(network):
    web = await network.attach("web", on("bridge", published=(PublishedPort(80),)))
    with socket.create_server(("127.0.0.1", 0)) as server, pytest.raises(AlreadyExists):
        await network.republish("web", (PublishedPort(80, server.getsockname()[1]),))
    assert network.attachment("web") == web
    with serving(web, 80):
        assert ask("127.0.0.1", web.ports[0].host_port) != ""


async def test_a_renamed_container_is_found_by_its_new_name_only(network, mine):
    web = await network.attach("web", on("mine", name="old"))
    await network.rename("web", "new")
    assert lookup(web, "new") == (0, [address(web)])
    assert lookup(web, "old")[0] != 0


async def test_user_networks_and_their_names_survive_a_restart(network, mine, config):
    web = await network.attach("web", on("mine", name="web"))
    await network.stop()
    again = open_network(config)
    await again.start()
    assert again.definition("mine") == mine
    assert again.attachment("web") == web
    assert lookup(web, "web") == (0, [address(web)])
    with pytest.raises(Conflict, match="active endpoints"):
        await again.remove_network("mine")
    await again.stop()
    await network.start()


async def test_both_families_work_on_a_network_that_has_both(network):
    six = await network.create_network(NetworkWish("six", enable_ipv6=True))
    web = await network.attach("web", on("six", name="web", published=(PublishedPort(80),)))
    client = await network.attach("client", on("six"))
    ipv6 = web.endpoints[0].ipv6_address
    assert ipv6 in text(web.files.hosts)
    with serving(web, 80, family=socket.AF_INET6):
        assert ask(ipv6, 80, place=place(client)) == client.endpoints[0].ipv6_address
        assert ask(ipv6, 80) == six.ipv6_gateway
        assert ask(six.ipv6_gateway, web.ports[0].host_port) != ""
    assert lookup(client, "web", record_type=28) == (0, [socket.inet_pton(socket.AF_INET6, ipv6)])


async def test_ipv6_leads_in_by_published_ports_and_out_by_the_host_only(network, neighbour):
    await network.create_network(NetworkWish("six", enable_ipv6=True))
    web = await network.attach("web", on("six", published=(PublishedPort(80),)))
    with serving(web, 80, family=socket.AF_INET6):
        assert ask(HOST_SIDE_6, web.ports[0].host_port, place=neighbour) == NEIGHBOUR_6
        assert ask(web.endpoints[0].ipv6_address, 80, place=neighbour, timeout_s=0.3) == ""
    outside = type(web)("n", NetworkMode.NONE, str(neighbour))
    with serving(outside, 80, family=socket.AF_INET6):
        assert ask(NEIGHBOUR_6, 80, place=place(web)) == HOST_SIDE_6


async def test_chosen_subnets_ranges_and_reserved_addresses_are_kept_to(network):
    subnet = SubnetWish("10.211.0.0/24", "10.211.0.254", "10.211.0.128/26", (("router", "10.211.0.129"),))
    made = await network.create_network(NetworkWish("chosen", subnets=(subnet,)))
    web = await network.attach("web", on("chosen"))
    assert made.ipv4_gateway == web.endpoints[0].ipv4_gateway == "10.211.0.254"
    assert address(web) == "10.211.0.128"
    assert address(await network.attach("two", on("chosen"))) == "10.211.0.130"


async def test_making_a_network_twice(network, mine):
    with pytest.raises(AlreadyExists, match="network with name mine already exists"):
        await network.create_network(NetworkWish("mine"))
    once = await network.create_network(NetworkWish("again"), "request-1")
    assert await network.create_network(NetworkWish("again"), "request-1") == once


async def test_a_network_in_use_or_predefined_is_not_removed(network, mine):
    await network.attach("web", on("mine"))
    with pytest.raises(Conflict, match="network mine has active endpoints"):
        await network.remove_network("mine")
    for name in ("bridge", "host", "none"):
        with pytest.raises(PermissionDenied):
            await network.remove_network(name)
    await network.detach("web")
    await network.remove_network(mine.network_id[:12])
    with pytest.raises(NotFound):
        network.definition("mine")


async def test_a_container_without_a_network_of_its_own_cannot_get_on_one(network, mine):
    await network.attach("host", NetworkSpec(mode=NetworkMode.HOST))
    with pytest.raises(FailedPrecondition):
        await network.connect("host", EndpointSpec("mine"))
    with pytest.raises(FailedPrecondition):
        await network.connect("gone", EndpointSpec("mine"))
