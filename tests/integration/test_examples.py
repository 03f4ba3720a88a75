"""The example programs: built from the contracts, and run against a real suite."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.docker_registry import LocalRegistry
from tests.fixtures.images.catalogue import CHECKOUT
from tests.fixtures.mutual_tls import make_certificates
from tests.fixtures.suite import Suite

EXAMPLES = CHECKOUT / "examples"
LANGUAGES = ("python", "go", "node", "java", "cpp")
OVER_A_NETWORK = {"java"}
BUILD_TIMEOUT_S = 280


@pytest.fixture(scope="module")
def hosts(short_folder: Path) -> Iterator[tuple[str, str, dict[str, str]]]:
    """A suite of its own: its unix address, its address on TCP, and the settings of a client."""
    certificates = make_certificates(short_folder / "example-certificates")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"tcp://localhost:{probe.getsockname()[1]}"
    root = short_folder / "examples"
    listen = {"STRATA_GATEWAY_LISTEN": f"unix://{root}/run/gateway.sock,{address.replace('localhost', '127.0.0.1')}"}
    suite = Suite(root, listen | certificates.settings("server", "STRATA_GATEWAY_TLS_"))
    try:
        suite.up()
        yield f"unix://{suite.socket}", address, suite.env() | certificates.settings("client", "STRATA_TLS_")
    finally:
        suite.down()


def built(language: str) -> Path:
    """The program of a language, made if this machine has the tools."""
    listed = subprocess.run(["make", "-s", "-C", EXAMPLES, "list"], capture_output=True, text=True, check=True)
    if language not in listed.stdout.split():
        pytest.skip(f"no tools for {language} here: deploy/install-packages.sh examples")
    make = ["make", "-C", EXAMPLES, "CXXFLAGS=-std=c++17 -O0", language]
    done = subprocess.run(make, capture_output=True, text=True, timeout=BUILD_TIMEOUT_S, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return EXAMPLES / "build" / language


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_example_does_what_it_says(
    hosts: tuple[str, str, dict[str, str]], registry: LocalRegistry, language: str
) -> None:
    unix, tcp, env = hosts
    command = [built(language), tcp if language in OVER_A_NETWORK else unix, registry.reference("tiny:one")]
    done = subprocess.run(command, capture_output=True, text=True, env=env, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("pulled sha256:")
    assert lines[1:4] == ["ran: hello from a container", "conversed: 42", "exit status: 3"]
    assert lines[4].startswith("stored ")


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_example_says_what_went_wrong(hosts: tuple[str, str, dict[str, str]], language: str) -> None:
    unix, tcp, env = hosts
    command = [built(language), tcp if language in OVER_A_NETWORK else unix, "127.0.0.1:1/nothing:here"]
    done = subprocess.run(command, capture_output=True, text=True, env=env, timeout=60, check=False)
    assert done.returncode != 0
    assert "127.0.0.1:1" in done.stderr
