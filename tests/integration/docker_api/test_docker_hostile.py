"""Requests that make no sense get an answer that does, and harm nobody."""

import http.client
import json
import socket
import ssl
import subprocess
import sys
import urllib.request

import pytest

from strata_gateway.docker_api.api import TABLES
from tests.fixtures.suite import Suite
from tests.integration.docker_api.docker_command import Docker

ROUTES = [(method, pattern) for table in TABLES for method, pattern, _ in table]
BODIES = [b"", b"{", b"[]", b"null", b"\x00\xff" * 100]
BODIES += [b'{"HostConfig":7,"Cmd":{"a":1},"Image":[7],"Name":[7],"Container":[7],"RestartPolicy":7,"ConsoleSize":7}']
BODIES += [b'{"Driver":7,"Labels":7,"IPAM":7,"Cmd":7,"EndpointConfig":7,"Memory":"x","DriverOpts":7,"username":7}']
QUERIES = [
    "",
    "?filters=%7B&t=x&w=x&h=-1&since=x&until=y&tail=z&platform=%7B%7D%7B&limit=x",
    '?filters={"label":{"a":true},"until":["x"]}&all=1&path=../../..&names=/&signal=NONSENSE&condition=never',
    "?fromImage=%00%ff&tag=::&repo=UPPER&name=../x&buildargs=[7]&labels=7&changes=RUN%20x&detachKeys=x-y",
]
ENDLESS = {"/events", "/containers/{id}/stats", "/containers/{id}/attach", "/exec/{id}/start"}
ASKING_REGISTRIES = {"/images/create", "/distribution/{name*}/json", "/auth"}


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=20)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(20)
        self.sock.connect(self._path)


def status(suite: Suite, method: str, target: str, body: bytes) -> int:
    """Status of the answer; its body must be readable to the end, and be JSON with a message if it is an error."""
    connection = UnixConnection(f"{suite.root}/run/docker.sock")
    try:
        connection.request(method, target, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        content = answer.read()
        if answer.status >= 400 and method != "HEAD":
            assert json.loads(content)["message"]
        return answer.status
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("method", "pattern"), [route for route in ROUTES if route[1] not in ENDLESS | ASKING_REGISTRIES]
)
def test_garbage_is_the_clients_fault(suite, method, pattern):
    path = pattern.replace("{id}", "nobody").replace("{name*}", "no/thing").replace("{name}", "none")
    for query, body in [*((query, b"") for query in QUERIES), *(("", body) for body in BODIES)]:
        if path == "/events" or (path.endswith("/prune") and not body):
            continue
        answered = status(suite, method, f"/v1.43{path}{query}", body)
        assert answered < 500, f"{method} {path}{query} {body[:50]!r}: {answered}"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/v1.43/swarm", 501),
        ("/v1.43/plugins/privileges", 501),
        ("/v1.43/plugins/x/json", 404),
        ("/v1.43/nonsense", 404),
        ("/v9.9/info", 400),
        ("//", 404),
    ],
)
def test_what_is_not_there_says_so(suite, path, expected):
    assert status(suite, "GET", path, b"") == expected


def test_a_huge_body_is_refused(suite):
    assert status(suite, "POST", "/v1.43/containers/create", b" " * ((8 << 20) + 1)) == 400


def test_over_tcp_only_clients_with_a_certificate_are_served(suite, tmp_path):
    """A second gateway in front of the same services, on TCP."""
    authority = certificates(tmp_path)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    gateway = subprocess.Popen(
        [
            *[sys.executable, "-m", "strata_gateway", "--run-dir", str(tmp_path), "--state-dir", str(tmp_path)],
            *[f"--{name}=unix://{suite.root}/run/{name}.sock" for name in ("registry", "store", "runtime")],
            *["--metrics-page=", f"--docker-listen=tcp://127.0.0.1:{port}"],
            *[f"--tls-{name}={tmp_path}/{file}.pem" for name, file in (("cert", "own"), ("key", "key"), ("ca", "ca"))],
        ],
        stderr=subprocess.PIPE,
    )
    try:
        assert gateway.stderr
        for line in gateway.stderr:
            if b"serving" in line:
                break
        named = ["docker", "-H", f"tcp://localhost:{port}", "--tlsverify", "--tlscacert", str(authority)]
        shown = [*named, "--tlscert", f"{tmp_path}/own.pem", "--tlskey", f"{tmp_path}/key.pem"]
        assert subprocess.run([*shown, "ps", "-q"], timeout=30, check=False).returncode == 0
        trusting = ssl.create_default_context(cafile=str(authority))
        with pytest.raises((ssl.SSLError, ConnectionError)):
            urllib.request.urlopen(f"https://localhost:{port}/_ping", timeout=20, context=trusting)
    finally:
        gateway.terminate()
        gateway.communicate(timeout=30)


def certificates(folder):
    """An authority and a certificate for localhost that it signed."""
    (folder / "names").write_text("subjectAltName=DNS:localhost\n")
    for command in (
        "req -x509 -newkey rsa:2048 -nodes -keyout ca-key.pem -out ca.pem -days 2 -subj /CN=ca",
        "req -newkey rsa:2048 -nodes -keyout key.pem -out own.csr -subj /CN=localhost",
        "x509 -req -in own.csr -CA ca.pem -CAkey ca-key.pem -CAcreateserial -out own.pem -days 2 -extfile names",
    ):
        subprocess.run(["openssl", *command.split()], cwd=folder, capture_output=True, check=True)
    return folder / "ca.pem"


def test_after_all_of_it_the_gateway_still_serves(docker: Docker, tiny: str):
    assert docker("run", "--rm", tiny, "echo", "fine") == "fine\n"
