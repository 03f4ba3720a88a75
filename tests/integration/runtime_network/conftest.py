"""Real namespaces: a network of our own on this machine, a neighbour of the host, and servers in containers' places."""

import os
import secrets
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from strata_runtime.adapters.network import NetworkConfig, host, open_network, requests
from strata_runtime.adapters.network.namespaces import (
    Namespace,
    enable_ipv6,
    inside,
    link_index,
    make_namespace,
    remove_namespace,
)
from strata_runtime.adapters.network.netlink import NetlinkSocket
from strata_runtime.core.network.names import HostNames, host_names
from strata_runtime.core.network.spec import Attachment

HOST_SIDE = "198.51.100.1"  # TEST-NET-2, RFC 5737
NEIGHBOUR = "198.51.100.2"
HOST_SIDE_6 = "2001:db8::1"  # RFC 3849
NEIGHBOUR_6 = "2001:db8::2"
TIMEOUT_S = 2.0


def pytest_collection_modifyitems(items):
    if os.geteuid() != 0:
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(pytest.mark.skip(reason="needs root"))


@pytest.fixture
def config(tmp_path) -> NetworkConfig:
    return NetworkConfig(tmp_path / "run", tmp_path / "state", warm_namespaces=2)


@pytest.fixture
def names(config) -> HostNames:
    return host_names(str(config.run_dir))


@pytest.fixture
async def network(config, names):
    """A started network; whatever a test does to it, nothing is left."""
    started = open_network(config)
    await started.start()
    try:
        yield started
    finally:
        await started.teardown()
        assert left_behind(names, config) == []


def left_behind(names: HostNames, config: NetworkConfig) -> list[str]:
    """What is left in the kernel of one suite. Links go with their namespaces, in the kernel's own time."""
    deadline = time.monotonic() + 10
    while links_of(names) and time.monotonic() < deadline:
        time.sleep(0.01)
    mounts = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    return [
        *links_of(names),
        *(mount for mount in mounts if mount.startswith(str(config.run_dir))),
        *(route for route in said_by("ip", "route") if names.bridge in route.split()),
        *(table for table in said_by("nft", "list", "tables") if names.table in table.split()),
    ]


def links_of(names: HostNames) -> list[str]:
    return [name for _, name in socket.if_nameindex() if name.startswith((names.bridge, names.link_prefix))]


def said_by(*command: str) -> list[str]:
    """Return the lines that a command prints."""
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


@pytest.fixture
def neighbour(tmp_path) -> Iterator[Path]:
    """Another host: a namespace with a cable of its own to ours, which is its router."""
    (tmp_path / "neighbour").mkdir()
    path = tmp_path / "neighbour" / "netns"
    namespace = make_namespace(path)
    link = f"nb{secrets.token_hex(4)}"
    with namespace, NetlinkSocket() as netlink:
        netlink.burst([requests.create_veth(link, "eth0", namespace.fd, 1500)])
        index = socket.if_nametoindex(link)
        host.write_sysctl(f"ipv6/conf/{link}/accept_dad", "0")
        netlink.burst([requests.add_address(index, HOST_SIDE, 24), requests.add_address(index, HOST_SIDE_6, 64)])
        netlink.burst([requests.raise_link(link)])
        _configure_neighbour(namespace)
        yield path
        netlink.burst([requests.delete_link(link)])
    remove_namespace(path)


def _configure_neighbour(namespace: Namespace) -> None:
    enable_ipv6(namespace, "eth0")
    index = link_index(namespace, "eth0")
    namespace.netlink.burst(
        [
            requests.raise_station(index, "02:00:00:00:00:99"),
            requests.add_address(index, NEIGHBOUR, 24),
            requests.add_default_route(index, HOST_SIDE),
            requests.add_address(index, NEIGHBOUR_6, 64),
            requests.add_default_route(index, HOST_SIDE_6),
        ]
    )


@contextmanager
def serving(attachment: Attachment, port: int, kind: socket.SocketKind = socket.SOCK_STREAM, family=socket.AF_INET):
    """A server in a container's place that tells whoever asks under which address it sees them."""
    with inside(Path(attachment.netns_path)):
        server = socket.socket(family, kind)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("", port))
    answer = _answer_connections if kind is socket.SOCK_STREAM else _answer_datagrams
    if kind is socket.SOCK_STREAM:
        server.listen()
    thread = threading.Thread(target=answer, args=(server,), name="server")
    thread.start()
    try:
        yield
    finally:
        server.shutdown(socket.SHUT_RDWR) if kind is socket.SOCK_STREAM else _stop_datagrams(attachment, port, family)
        thread.join()
        server.close()


def _answer_connections(server: socket.socket) -> None:
    while True:
        try:
            connection, peer = server.accept()
        except OSError:
            return
        with connection:
            connection.sendall(peer[0].encode())


def _answer_datagrams(server: socket.socket) -> None:
    while True:
        data, peer = server.recvfrom(100)
        if data == b"stop":
            return
        server.sendto(peer[0].encode(), peer)


def _stop_datagrams(attachment: Attachment, port: int, family: int) -> None:
    with inside(Path(attachment.netns_path)), socket.socket(family, socket.SOCK_DGRAM) as client:
        client.sendto(b"stop", ("::1" if family == socket.AF_INET6 else "127.0.0.1", port))


def ask(address: str, port: int, *, place: Path | None = None, kind=socket.SOCK_STREAM, timeout_s=TIMEOUT_S) -> str:
    """Ask a server, from the host or from a namespace; an empty answer means it cannot be reached."""
    with _client(address, place, kind) as client:
        client.settimeout(timeout_s)
        try:
            client.connect((address, port))
            if kind is socket.SOCK_DGRAM:
                client.send(b"?")
            return client.recv(100).decode()
        except OSError:
            return ""


def _client(address: str, place: Path | None, kind: socket.SocketKind) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    if place is None:
        return socket.socket(family, kind)
    with inside(place):
        return socket.socket(family, kind)
