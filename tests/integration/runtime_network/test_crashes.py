"""kill -9 at any instant: what is attached goes on, what is not leaves nothing."""

import random
import subprocess
import sys
from pathlib import Path

from strata_runtime.adapters.network import open_network
from strata_runtime.adapters.network.namespaces import is_namespace

from .conftest import ask, left_behind, said_by, serving

ROUNDS = 6
COME_AND_GO = """
import asyncio, pathlib, random, sys
from strata_runtime.adapters.network import NetworkConfig, open_network
from strata_runtime.core.network.spec import EndpointSpec, NetworkSpec, PublishedPort

async def main():
    network = open_network(NetworkConfig(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), warm_namespaces=2))
    await network.start()
    print("started", flush=True)
    chance = random.Random(sys.argv[3])
    while True:
        name = f"c{chance.randrange(6)}"
        if network.attachment(name):
            await network.detach(name)
        else:
            spec = NetworkSpec(hostname="h", published=(PublishedPort(80), PublishedPort(81)))
            await network.attach(name, spec)

asyncio.run(main())
"""


def crash(config, seed):
    """Have a process attach and detach at random, and kill it at a random instant."""
    command = [sys.executable, "-c", COME_AND_GO, config.run_dir, config.state_dir, str(seed)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        started = process.stdout.readline()
        try:
            process.wait(random.Random(seed).uniform(0.01, 0.3))  # noqa: S311 - no secret
        except subprocess.TimeoutExpired:
            process.kill()
        complaints = process.stderr.read()
    assert started == "started\n", complaints
    assert not complaints


def known(network):
    return [each for each in (network.attachment(f"c{number}") for number in range(6)) if each]


async def test_a_process_killed_at_any_instant_leaves_attachments_whole_or_not_at_all(config, names):
    for seed in range(ROUNDS):
        crash(config, seed)
        network = open_network(config)
        await network.start()
        attachments = known(network)
        assert {path.name for path in (config.run_dir / "network").iterdir()} == {a.container_id for a in attachments}
        assert all(is_namespace(Path(each.netns_path)) for each in attachments)
        addresses = [each.endpoints[0].ipv4_address for each in attachments]
        assert len(addresses) == len(set(addresses))
        elements = " ".join(said_by("nft", "list", "map", "inet", names.table, "published_any4"))
        assert elements.count(" : ") == 1 + 2 * len(attachments)  # one in the map's type
        for each in attachments[:1]:
            with serving(each, 80):
                assert ask("127.0.0.1", each.ports[0].host_port) != ""
        await network.stop()
    await network.start()
    await network.teardown()
    assert left_behind(names, config) == []
