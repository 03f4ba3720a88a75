"""Containers on the default network, through the real kernel."""

import asyncio
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from strata_chassis.errors import Conflict, InvalidArgument, NotFound
from strata_runtime.adapters.network import NetworkConfig, host, open_network
from strata_runtime.adapters.network.namespaces import inside
from strata_runtime.core.network.spec import EndpointSpec, NetworkMode, NetworkSpec

from .conftest import HOST_SIDE, NEIGHBOUR, ask, left_behind, serving

PLAIN = NetworkSpec(hostname="h")


def place(attachment):
    return Path(attachment.netns_path)


def text(path):
    return Path(path).read_text()


async def test_two_containers_reach_each_other_and_the_gateway(network):
    one, two = await network.attach("one", PLAIN), await network.attach("two", PLAIN)
    with serving(one, 80):
        assert ask(one.endpoints[0].ipv4_address, 80, place=place(two)) == two.endpoints[0].ipv4_address
        assert ask(one.endpoints[0].ipv4_address, 80) == one.endpoints[0].ipv4_gateway


async def test_a_container_reaches_another_host_under_the_hosts_address(network, neighbour):
    container = await network.attach("c", PLAIN)
    outside = type(container)("n", NetworkMode.NONE, str(neighbour), container.files)
    with serving(outside, 80):
        assert ask(NEIGHBOUR, 80, place=place(container)) == HOST_SIDE


async def test_another_host_does_not_reach_what_is_not_published(network, neighbour):
    container = await network.attach("c", PLAIN)
    with serving(container, 80):
        assert ask(container.endpoints[0].ipv4_address, 80, place=neighbour, timeout_s=0.3) == ""


async def test_a_container_does_not_reach_the_hosts_loopback_through_the_bridge(network):
    container = await network.attach("c", PLAIN)
    with socket.create_server(("127.0.0.1", 0)) as server, inside(place(container)):
        # What root in a container can do: give up its own loopback and route 127.0.0.1 to the bridge.
        host.write_sysctl("ipv4/conf/all/route_localnet", "1")
        _move_loopback_behind_the_gateway(container)
        assert ask("127.0.0.1", server.getsockname()[1], place=place(container), timeout_s=0.3) == ""


def _move_loopback_behind_the_gateway(container):
    gateway = container.endpoints[0].ipv4_gateway
    for command in ("addr del 127.0.0.1/8 dev lo", f"route add 127.0.0.1/32 via {gateway} dev eth0"):
        subprocess.run(
            ["nsenter", f"--net={container.netns_path}", "ip", *command.split()], check=True, capture_output=True
        )


async def test_a_container_without_a_network_has_only_loopback_and_it_is_up(network):
    container = await network.attach("c", NetworkSpec(mode=NetworkMode.NONE))
    with serving(container, 80), inside(place(container)):
        assert [name for _, name in socket.if_nameindex()] == ["lo"]
        assert ask("127.0.0.1", 80, place=place(container)) == "127.0.0.1"


async def test_a_container_on_the_hosts_network_has_no_namespace_and_the_hosts_files(network):
    container = await network.attach("c", NetworkSpec(mode=NetworkMode.HOST, extra_hosts=(("db", "10.0.0.9"),)))
    assert container.netns_path == ""
    assert text(container.files.resolv_conf) == text("/etc/resolv.conf")
    assert text(container.files.hosts) == text("/etc/hosts") + "10.0.0.9\tdb\n"


async def test_a_container_may_share_the_network_of_another(network):
    one = await network.attach("one", PLAIN)
    two = await network.attach("two", NetworkSpec(mode=NetworkMode.CONTAINER, container_id="one"))
    assert (two.netns_path, two.files) == (one.netns_path, one.files)
    await network.detach("two")
    assert ask(one.endpoints[0].ipv4_gateway, 1, place=place(one)) == ""  # its namespace is still there to ask from


async def test_sharing_with_a_container_that_does_not_run_is_refused(network):
    with pytest.raises(NotFound):
        await network.attach("two", NetworkSpec(mode=NetworkMode.CONTAINER, container_id="gone"))


async def test_attaching_twice_returns_the_same(network):
    assert await network.attach("c", PLAIN) == await network.attach("c", PLAIN)


async def test_many_at_once_get_different_addresses(network):
    attached = await asyncio.gather(*(network.attach(f"c{number}", PLAIN) for number in range(20)))
    assert len({each.endpoints[0].ipv4_address for each in attached}) == 20
    await asyncio.gather(*(network.detach(each.container_id) for each in attached))
    assert all(network.attachment(each.container_id) is None for each in attached)


async def test_an_address_wished_for_is_given_once(network, config):
    first = await network.attach("one", PLAIN)
    prefix = first.endpoints[0].ipv4_address.rpartition(".")[0]
    wish = NetworkSpec(endpoints=(EndpointSpec("bridge", ipv4_address=f"{prefix}.77"),))
    assert (await network.attach("two", wish)).endpoints[0].ipv4_address == f"{prefix}.77"
    with pytest.raises(Conflict):
        await network.attach("three", wish)


@pytest.mark.parametrize(
    ("spec", "error"),
    [
        (NetworkSpec(endpoints=(EndpointSpec("no-such-network"),)), NotFound),
        (NetworkSpec(endpoints=(EndpointSpec("bridge", ipv4_address="192.0.2.9"),)), InvalidArgument),
        (NetworkSpec(hostname="a\nb"), InvalidArgument),
        (NetworkSpec(extra_hosts=(("db", "nowhere"),)), InvalidArgument),
        (NetworkSpec(dns=("1.1.1.1\n",)), InvalidArgument),
    ],
)
async def test_a_refused_container_leaves_nothing(network, config, spec, error):
    with pytest.raises(error):
        await network.attach("c", spec)
    assert network.attachment("c") is None
    assert list((config.run_dir / "network").iterdir()) == []
    await network.stop()
    assert not (config.run_dir / "netns").exists()
    await network.start()


async def test_an_id_that_is_a_path_is_refused(network, tmp_path):
    with pytest.raises(InvalidArgument):
        await network.attach("../../etc", PLAIN)


async def test_a_stopped_process_leaves_containers_their_network_and_the_next_takes_over(network, config, names):
    one = await network.attach("one", PLAIN)
    two = await network.attach("two", PLAIN)
    await network.stop()
    again = open_network(config)
    await again.start()
    assert (again.attachment("one"), again.attachment("two")) == (one, two)
    three = await again.attach("three", PLAIN)
    assert len({each.endpoints[0].ipv4_address for each in (one, two, three)}) == 3
    with serving(one, 80):
        assert ask(one.endpoints[0].ipv4_address, 80, place=place(three)) == three.endpoints[0].ipv4_address
    await again.reconcile({"one"})
    assert (again.attachment("two"), again.attachment("three")) == (None, None)
    await again.stop()
    await network.start()


ATTACH_AND_WAIT = """
import asyncio, pathlib, sys, time
from strata_runtime.adapters.network import NetworkConfig, open_network
from strata_runtime.core.network.spec import NetworkSpec, PublishedPort

async def main():
    network = open_network(NetworkConfig(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])))
    await network.start()
    attachment = await network.attach("one", NetworkSpec(published=(PublishedPort(80),)))
    print(attachment.endpoints[0].ipv4_address, attachment.ports[0].host_port, flush=True)
    time.sleep(60)

asyncio.run(main())
"""


async def test_a_killed_process_leaves_nothing_that_the_next_does_not_find(config, names):
    command = [sys.executable, "-c", ATTACH_AND_WAIT, config.run_dir, config.state_dir]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: ASYNC220 - short
        address, port = process.stdout.readline().split()
        process.kill()
    (config.run_dir / "network" / "half").mkdir()
    (config.run_dir / "netns" / "half").touch()
    again = open_network(config)
    await again.start()
    attachment = again.attachment("one")
    assert (attachment.endpoints[0].ipv4_address, attachment.ports[0].host_port) == (address, int(port))
    with serving(attachment, 80):
        assert ask("127.0.0.1", int(port)) != ""
    assert {path.name for path in (config.run_dir / "network").iterdir()} == {"one"}
    assert not (config.run_dir / "netns" / "half").exists()
    await again.teardown()
    assert left_behind(names, config) == []


async def test_records_of_an_earlier_boot_are_forgotten(config, names):
    first = open_network(config)
    await first.start()
    await first.attach("one", PLAIN)
    record = config.run_dir / "network" / "one" / "attachment.json"
    record.write_text(record.read_text().replace(host.boot_id(), "00000000-0000-0000-0000-000000000000"))
    await first.stop()
    again = open_network(config)
    await again.start()
    assert again.attachment("one") is None
    await again.teardown()
    assert left_behind(names, config) == []


async def test_the_subnet_stays_the_same_over_restarts(config, names):
    subnets = []
    for _ in range(2):
        network = open_network(config)
        await network.start()
        endpoint = (await network.attach("one", PLAIN)).endpoints[0]
        subnets.append((endpoint.ipv4_gateway, endpoint.ipv4_prefix_length))
        await network.teardown()
    assert subnets[0] == subnets[1]


async def test_a_configured_subnet_that_the_host_routes_elsewhere_is_refused(config, neighbour, names):
    network = open_network(NetworkConfig(config.run_dir, config.state_dir, subnet="198.51.100.0/25"))
    with pytest.raises(Conflict, match=r"198\.51\.100\.0/24"):
        await network.start()
    assert left_behind(names, config) == []


async def test_two_suites_on_one_host_do_not_meet(network, tmp_path):
    other = open_network(NetworkConfig(tmp_path / "other", tmp_path / "other-state", warm_namespaces=1))
    await other.start()
    try:
        one, two = await network.attach("one", PLAIN), await other.attach("one", PLAIN)
        assert one.endpoints[0].ipv4_gateway != two.endpoints[0].ipv4_gateway
        with serving(one, 80):
            assert ask(one.endpoints[0].ipv4_address, 80, place=place(two), timeout_s=0.3) == ""
    finally:
        await other.teardown()
