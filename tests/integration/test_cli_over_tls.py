"""A gateway on TCP: mutual TLS, for the command and for programs."""

from __future__ import annotations

import hashlib
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from strata_chassis.errors import Unauthenticated, Unavailable
from strata_client import AsyncClient, Client
from strata_client.wire.endpoint import Credentials
from tests.fixtures.docker_registry import LocalRegistry
from tests.fixtures.mutual_tls import Certificates, make_certificates
from tests.fixtures.suite import STRATA, Suite


@dataclass(frozen=True)
class Remote:
    """A suite whose gateway listens on TCP as well."""

    address: str
    certificates: Certificates
    suite: Suite

    def credentials(self) -> Credentials:
        """What a client shows."""
        return Credentials(*(self.certificates.file(name) for name in ("ca", "client", "client-key")))

    def env(self) -> dict[str, str]:
        """The environment of a user far away."""
        settings = self.certificates.settings("client", "STRATA_TLS_")
        return {**self.suite.env(), "STRATA_HOST": self.address, **settings}


@pytest.fixture(scope="module")
def remote(short_folder: Path) -> Iterator[Remote]:
    certificates = make_certificates(short_folder / "certificates")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{probe.getsockname()[1]}"
    root = short_folder / "remote"
    settings = {
        "STRATA_GATEWAY_LISTEN": f"unix://{root}/run/gateway.sock,{address}",
        **certificates.settings("server", "STRATA_GATEWAY_TLS_"),
    }
    suite = Suite(root, settings)
    try:
        suite.up()
        yield Remote(address, certificates, suite)
    finally:
        suite.down()


def test_the_command_works_over_a_network(remote: Remote, registry: LocalRegistry) -> None:
    image = registry.reference("tiny:one")
    content = hashlib.shake_256(b"tls").digest(5_000_000)
    command = [STRATA, "run", "-i", "--rm", image, "cat"]
    done = subprocess.run(command, input=content, capture_output=True, env=remote.env(), check=True)
    assert done.stdout == content


async def test_both_clients_work_over_a_network(remote: Remote) -> None:
    with Client(remote.address, remote.credentials()) as client:
        version = client.system.version().version
    async with AsyncClient(remote.address, remote.credentials()) as client:
        assert (await client.system.version()).version == version


def test_nobody_gets_in_without_a_certificate(remote: Remote) -> None:
    env = {"STRATA_HOST": remote.address, "PATH": "/usr/bin:/bin"}
    done = subprocess.run([STRATA, "ps"], capture_output=True, text=True, env=env, check=False)
    assert done.returncode == 1
    assert "give --tls-ca, --tls-cert and --tls-key" in done.stderr
    with pytest.raises(Unauthenticated):
        Client(remote.address)


def test_a_certificate_of_another_authority_is_refused(remote: Remote, tmp_path: Path) -> None:
    others = make_certificates(tmp_path / "others")
    ours = Credentials(remote.certificates.file("ca"), others.file("client"), others.file("client-key"))
    with pytest.raises(Unavailable), Client(remote.address, ours) as client:
        client.system.version()


def test_a_gateway_of_another_authority_is_not_trusted(remote: Remote, tmp_path: Path) -> None:
    others = make_certificates(tmp_path / "others")
    ours = Credentials(others.file("ca"), remote.certificates.file("client"), remote.certificates.file("client-key"))
    with pytest.raises(Unavailable, match="certificate"):
        Client(remote.address, ours)
