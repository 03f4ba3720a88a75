"""On a host where Docker drops what is not its own: a namespace stands for it, with rules as Docker makes them."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

DOCKERS_RULES = """
ip link add docker0 type bridge
sysctl -qw net.ipv4.ip_forward=1
iptables -w -P FORWARD DROP
iptables -w -N DOCKER-USER
iptables -w -A DOCKER-USER -j RETURN
iptables -w -A FORWARD -j DOCKER-USER
"""
# Two networks with published ports in between: their packets are forwarded, and so subject to Docker's rules.
TRY = """
import asyncio, pathlib, socket, subprocess, sys, threading
from strata_runtime.adapters.network import NetworkConfig, open_network
from strata_runtime.adapters.network.namespaces import inside
from strata_runtime.core.network.defining import NetworkWish
from strata_runtime.core.network.spec import EndpointSpec, NetworkSpec, PublishedPort

def docker():
    subprocess.run(["sh", "-ec", sys.argv[3]], check=True)

async def main(first):
    if first == "docker":
        docker()
    network = open_network(NetworkConfig(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), warm_namespaces=1))
    await network.start()
    await network.create_network(NetworkWish("own"))
    if first == "strata":
        docker()
    web = await network.attach("web", NetworkSpec(published=(PublishedPort(80),)))
    client = await network.attach("client", NetworkSpec(endpoints=(EndpointSpec("own"),)))
    with inside(pathlib.Path(web.netns_path)):
        server = socket.create_server(("", 80))
    for _ in range(20):
        with inside(pathlib.Path(client.netns_path)):
            asker = socket.socket()
        with asker:
            asker.settimeout(0.3)
            if asker.connect_ex((client.endpoints[0].ipv4_gateway, web.ports[0].host_port)) == 0:
                print("reached")
                break
        await asyncio.sleep(0.1)
    server.close()
    await network.teardown()
    print(subprocess.run(["iptables", "-S", "DOCKER-USER"], capture_output=True, text=True).stdout)

asyncio.run(main(sys.argv[4]))
"""


@pytest.mark.skipif(shutil.which("iptables") is None, reason="without iptables there is no Docker either")
@pytest.mark.parametrize("first", ["docker", "strata"])
def test_packets_are_forwarded_whoever_came_first_and_docker_gets_its_rules_back(config, first):
    command = [sys.executable, "-c", TRY, str(config.run_dir), str(config.state_dir), DOCKERS_RULES, first]
    done = subprocess.run(["unshare", "--net", *command], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n", 1) == ["reached", "-N DOCKER-USER\n-A DOCKER-USER -j RETURN\n\n"]
    assert not Path(config.run_dir / "netns").exists()
