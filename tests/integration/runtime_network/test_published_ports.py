"""Ports of the host that lead to containers, through the real kernel."""
# ruff: noqa: S104 - binding to all addresses is what is tested

import asyncio
import socket
import subprocess
from pathlib import Path

import pytest

from strata_chassis.errors import AlreadyExists, InvalidArgument
from strata_runtime.adapters.network import open_network
from strata_runtime.core.network.spec import NetworkSpec, Protocol, PublishedPort

from .conftest import HOST_SIDE, NEIGHBOUR, ask, serving


def publishing(*ports):
    return NetworkSpec(hostname="h", published=ports)


def place(attachment):
    return Path(attachment.netns_path)


async def test_a_published_port_is_reached_from_everywhere(network, neighbour):
    container = await network.attach("c", publishing(PublishedPort(80)))
    other = await network.attach("other", NetworkSpec(hostname="o"))
    gateway = container.endpoints[0].ipv4_gateway
    port = container.ports[0].host_port
    with serving(container, 80):
        assert ask("127.0.0.1", port) == gateway
        assert ask(gateway, port) == gateway
        assert ask(HOST_SIDE, port) != ""
        assert ask(HOST_SIDE, port, place=neighbour) == NEIGHBOUR
        assert ask(gateway, port, place=place(other)) != ""
        assert ask(HOST_SIDE, port, place=place(other)) != ""
        assert ask(HOST_SIDE, port, place=place(container)) != ""
        assert ask(gateway, port, place=place(container)) != ""


async def test_udp_is_published_too(network, neighbour):
    container = await network.attach("c", publishing(PublishedPort(53, protocol=Protocol.UDP)))
    port = container.ports[0].host_port
    with serving(container, 53, socket.SOCK_DGRAM):
        assert ask("127.0.0.1", port, kind=socket.SOCK_DGRAM) == container.endpoints[0].ipv4_gateway
        assert ask(HOST_SIDE, port, place=neighbour, kind=socket.SOCK_DGRAM) == NEIGHBOUR


async def test_a_port_published_on_loopback_is_for_the_host_only(network, neighbour):
    container = await network.attach("c", publishing(PublishedPort(80, host_ip="127.0.0.1")))
    port = container.ports[0].host_port
    with serving(container, 80):
        assert ask("127.0.0.1", port) != ""
        assert ask(HOST_SIDE, port, place=neighbour, timeout_s=0.3) == ""
        assert ask("127.0.0.1", port, place=_routing_loopback_to_us(neighbour), timeout_s=0.3) == ""


def _routing_loopback_to_us(neighbour):
    """A hostile neighbour's trick (moby#45610)."""
    for command in (
        "sysctl -qw net.ipv4.conf.all.route_localnet=1",
        "ip addr del 127.0.0.1/8 dev lo",
        f"ip route add 127.0.0.1/32 via {HOST_SIDE} dev eth0",
    ):
        subprocess.run(["nsenter", f"--net={neighbour}", *command.split()], check=True, capture_output=True)
    return neighbour


async def test_a_port_of_one_host_address_is_not_open_on_the_others(network, neighbour):
    container = await network.attach("c", publishing(PublishedPort(80, host_ip=HOST_SIDE)))
    port = container.ports[0].host_port
    with serving(container, 80):
        assert ask(HOST_SIDE, port) != ""
        assert ask(HOST_SIDE, port, place=neighbour) == NEIGHBOUR
        assert ask("127.0.0.1", port) == ""


async def test_a_port_is_closed_when_its_container_leaves(network):
    container = await network.attach("c", publishing(PublishedPort(80)))
    port = container.ports[0].host_port
    await network.detach("c")
    assert ask("127.0.0.1", port) == ""
    again = await network.attach("d", publishing(PublishedPort(80, port)))
    assert again.ports[0].host_port == port


async def test_a_taken_port_is_refused_in_the_words_of_docker_and_leaves_nothing(network):
    first = await network.attach("one", publishing(PublishedPort(80)))
    port = first.ports[0].host_port
    with pytest.raises(AlreadyExists, match=f"Bind for 0.0.0.0:{port} failed: port is already allocated"):
        await network.attach("two", publishing(PublishedPort(81), PublishedPort(80, port)))
    assert network.attachment("two") is None
    with serving(first, 80):
        assert ask("127.0.0.1", port) != ""


async def test_a_port_on_which_somebody_listens_is_taken(network):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(AlreadyExists, match="port is already allocated"):
            await network.attach("c", publishing(PublishedPort(80, port)))


async def test_nobody_else_can_take_a_published_port(network):
    container = await network.attach("c", publishing(PublishedPort(80), PublishedPort(53, protocol=Protocol.UDP)))
    for port, kind in zip(container.ports, (socket.SOCK_STREAM, socket.SOCK_DGRAM), strict=True):
        with socket.socket(socket.AF_INET, kind) as rival, pytest.raises(OSError, match="Address already in use"):
            rival.bind(("0.0.0.0", port.host_port))


async def test_a_port_with_only_closed_connections_is_free(network):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client:
            served, _ = server.accept()
            served.close()  # first to close: TIME_WAIT stays on the server's port
            assert client.recv(1) == b""
    container = await network.attach("c", publishing(PublishedPort(80, port)))
    assert container.ports[0].host_port == port


async def test_the_first_free_port_of_a_range_is_taken(network):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        container = await network.attach("c", publishing(PublishedPort(80, port, host_port_end=port + 20)))
        assert port < container.ports[0].host_port <= port + 20


async def test_an_address_that_is_not_the_hosts_is_refused(network):
    with pytest.raises(InvalidArgument, match=r"203\.0\.113\.9"):
        await network.attach("c", publishing(PublishedPort(80, host_ip="203.0.113.9")))


async def test_published_ports_survive_a_restart_and_are_held_again(network, config):
    container = await network.attach("c", publishing(PublishedPort(80)))
    port = container.ports[0].host_port
    await network.stop()
    with serving(container, 80):
        assert ask("127.0.0.1", port) != ""  # while nobody of ours runs
        again = open_network(config)
        await again.start()
        assert ask("127.0.0.1", port) != ""
    with socket.socket() as rival, pytest.raises(OSError, match="Address already in use"):
        rival.bind(("0.0.0.0", port))
    await again.stop()
    await network.start()


async def test_a_client_that_never_falls_silent_reaches_the_next_container(network):
    udp = PublishedPort(53, protocol=Protocol.UDP)
    first = await network.attach("first", publishing(udp))
    port = first.ports[0].host_port
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(2)
        client.connect(("127.0.0.1", port))
        with serving(first, 53, socket.SOCK_DGRAM):
            client.send(b"?")
            assert client.recv(100)
        await network.detach("first")
        second = await network.attach("second", publishing(PublishedPort(53, port, protocol=Protocol.UDP)))
        with serving(second, 53, socket.SOCK_DGRAM):
            client.send(b"?")
            assert client.recv(100)


async def test_rules_that_somebody_flushed_are_put_back(network, names):
    container = await network.attach("c", publishing(PublishedPort(80)))
    port = container.ports[0].host_port
    remove_table(names.table)  # what reloading a firewall does to everybody's (flush ruleset)
    with serving(container, 80):
        for _ in range(20):
            if ask("127.0.0.1", port, timeout_s=0.5):
                break
            await asyncio.sleep(0.05)  # others' turn: the network notices
        assert ask("127.0.0.1", port) != ""
    await network.detach("c")


def remove_table(name):
    subprocess.run(["nft", "delete", "table", "inet", name], check=True)
