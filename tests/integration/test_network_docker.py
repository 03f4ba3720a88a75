"""Networks by the real docker command: names, isolation, getting on and off, published ports."""

import socket
import subprocess
import urllib.request

import pytest

from tests.fixtures.suite import Suite

SERVE = "mkdir -p /tmp/www; hostname > /tmp/www/name; exec httpd -f -p 80 -h /tmp/www"


@pytest.fixture
def docker(suite: Suite):
    def run(*arguments: str, ok: bool = True) -> str:
        command = ["docker", "-H", f"unix://{suite.root}/run/docker.sock", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert not ok or done.returncode == 0, done.stderr
        return done.stdout if ok else done.stderr

    yield run
    for container in run("ps", "-aq").split():
        run("rm", "-f", container)
    for network in run("network", "ls", "-q", "--filter", "type=custom").split():
        run("network", "rm", network)


def fetch(docker, container, name):
    """Return the name of the server that ``container`` finds as ``name``; empty if it finds and reaches none.

    The image's wget is linked statically and cannot look names up itself.
    """
    found = docker("exec", container, "sh", "-c", f"nslookup {name}; true").partition("Name:")[2]
    if not found:
        return ""
    address = found.partition("Address:")[2].split()[0]
    attempt = f"timeout 2 wget -q -O - http://{address}/name && exit"
    return docker("exec", container, "sh", "-c", f"for n in 1 2 3 4 5; do {attempt}; sleep 0.1; done; true").strip()


def test_containers_on_an_own_network_find_each_other_by_name(docker, tiny):
    docker("network", "create", "mine")
    docker(
        "run",
        "-d",
        "--name",
        "web",
        "-h",
        "webhost",
        "--network",
        "mine",
        "--network-alias",
        "www",
        tiny,
        "sh",
        "-c",
        SERVE,
    )
    docker("run", "-d", "--name", "client", "--network", "mine", tiny, "sleep", "1000")
    assert fetch(docker, "client", "web") == "webhost"
    assert fetch(docker, "client", "www") == "webhost"
    docker("rename", "web", "shop")
    assert fetch(docker, "client", "shop") == "webhost"
    assert "127.0.0.11" in docker("exec", "client", "cat", "/etc/resolv.conf")


def test_a_network_tells_who_is_on_it(docker, tiny):
    docker("network", "create", "--subnet", "10.213.0.0/24", "--label", "a=b", "mine")
    docker("run", "-d", "--name", "web", "--network", "mine", "--ip", "10.213.0.77", tiny, "sleep", "1000")
    shown = docker("network", "inspect", "mine", "-f", "{{range .Containers}}{{.IPv4Address}}{{end}} {{.Labels}}")
    assert shown.strip() == "10.213.0.77/24 map[a:b]"
    assert "has active endpoints" in docker("network", "rm", "mine", ok=False)


def test_networks_are_apart_until_a_container_is_connected(docker, tiny):
    docker("network", "create", "one")
    docker("network", "create", "two")
    docker("run", "-d", "--name", "web", "-h", "webhost", "--network", "one", tiny, "sh", "-c", SERVE)
    docker("run", "-d", "--name", "client", "--network", "two", tiny, "sleep", "1000")
    assert fetch(docker, "client", "web") == ""
    docker("network", "connect", "--alias", "guest", "one", "client")
    assert fetch(docker, "client", "web") == "webhost"
    docker("network", "disconnect", "one", "client")
    assert fetch(docker, "client", "web") == ""


def test_a_connection_lasts_over_restarts_of_the_container(docker, tiny):
    docker("network", "create", "one")
    docker("run", "-d", "--name", "web", "-h", "webhost", "--network", "one", tiny, "sh", "-c", SERVE)
    docker("create", "--name", "client", tiny, "sleep", "1000")
    docker("network", "connect", "one", "client")
    docker("start", "client")
    docker("restart", "-t", "0", "client")
    assert fetch(docker, "client", "web") == "webhost"


def test_published_ports_and_names_survive_the_death_of_the_runtime(docker, suite, tiny):
    docker("network", "create", "mine")
    docker(
        "run",
        "-d",
        "--name",
        "web",
        "-h",
        "webhost",
        "--network",
        "mine",
        "-p",
        "127.0.0.1::80",
        tiny,
        "sh",
        "-c",
        SERVE,
    )
    docker("run", "-d", "--name", "client", "--network", "mine", tiny, "sleep", "1000")
    address = docker("port", "web", "80/tcp").strip()
    suite.kill("runtime")
    with urllib.request.urlopen(f"http://{address}/name", timeout=5) as answer:
        assert answer.read() == b"webhost\n"
    suite.up()
    assert fetch(docker, "client", "web") == "webhost"


def test_a_taken_port_is_refused_in_docker_s_words(docker, tiny):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        refusal = docker("run", "--rm", "-p", f"127.0.0.1:{port}:80", tiny, "true", ok=False)
    assert f"Bind for 127.0.0.1:{port} failed: port is already allocated" in refusal


def test_an_unknown_network_is_refused(docker, tiny):
    assert "network nowhere not found" in docker("run", "--rm", "--network", "nowhere", tiny, "true", ok=False)
