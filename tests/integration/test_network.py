"""Networking as a user sees it: an address, neighbours, names, published ports."""

from __future__ import annotations

import socket
import urllib.request

from tests.fixtures.suite import Suite

SERVE = "mkdir -p /tmp/www; hostname > /tmp/www/name; exec httpd -f -p 8080 -h /tmp/www"


def test_a_published_port_answers_on_the_host(suite: Suite, tiny: str) -> None:
    suite.strata("run", "-d", "--name", "web", "-h", "webhost", "-p", "127.0.0.1::8080", tiny, "sh", "-c", SERVE)
    host_port = suite.inspect("web")["NetworkSettings"]["Ports"]["8080/tcp"][0]["HostPort"]
    assert f"127.0.0.1:{host_port}->8080/tcp" in suite.strata("ps").stdout
    assert _get(f"127.0.0.1:{host_port}", "/name") == "webhost\n"


def test_a_published_port_closes_with_its_container(suite: Suite, tiny: str) -> None:
    suite.strata("run", "-d", "--name", "web", "-p", "127.0.0.1::8080", tiny, "sh", "-c", SERVE)
    port = int(suite.inspect("web")["NetworkSettings"]["Ports"]["8080/tcp"][0]["HostPort"])
    suite.strata("rm", "-f", "web")
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_containers_reach_each_other_on_the_bridge(suite: Suite, tiny: str) -> None:
    suite.strata("run", "-d", "--name", "server", tiny, "sh", "-c", SERVE)
    address = suite.inspect("server")["NetworkSettings"]["Networks"]["bridge"]["IPAddress"]
    fetch = f"until wget -q -O - http://{address}:8080/name; do usleep 50000; done"
    assert suite.run(tiny, "timeout", "10", "sh", "-c", fetch).strip()


def test_network_none_has_only_loopback(suite: Suite, tiny: str) -> None:
    assert suite.run("--network", "none", tiny, "ls", "/sys/class/net").split() == ["lo"]


def test_network_host_is_the_hosts(suite: Suite, tiny: str) -> None:
    of_host = {name for _, name in socket.if_nameindex()}
    assert set(suite.run("--network", "host", tiny, "ls", "/sys/class/net").split()) >= {"lo"} & of_host


def test_a_container_knows_its_own_name(suite: Suite, tiny: str) -> None:
    assert suite.run("--hostname", "here", tiny, "sh", "-c", "hostname; grep -c here /etc/hosts").split() == [
        "here",
        "1",
    ]


def _get(address: str, path: str) -> str:
    with urllib.request.urlopen(f"http://{address}{path}", timeout=10) as answer:
        text: str = answer.read().decode()
        return text
