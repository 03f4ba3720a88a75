"""Clients that people have besides the docker command: docker-py, Testcontainers, dockerode, docker-compose."""

import contextlib
import gc
import io
import json
import shutil
import subprocess
import tarfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import docker as docker_py
import pytest

from tests.fixtures.suite import Suite
from tests.integration.docker_api.docker_command import Docker

COMPOSE_FILE = """\
version: "3.7"
services:
  web:
    image: {image}
    stop_grace_period: 0s
    command: httpd -f -p 8000 -h /site
    volumes: ["./site:/site:ro"]
    ports: ["8000"]
    depends_on: [counter]
    healthcheck:
      test: ["CMD", "wget", "-q", "-O", "/dev/null", "http://localhost:8000/"]
      interval: 1s
  counter:
    build: ./counter
    stop_grace_period: 0s
    volumes: ["data:/data"]
    restart: unless-stopped
volumes:
  data: {{}}
"""
COUNTER = """\
FROM {image}
RUN mkdir -p /www/cgi-bin
COPY --chmod=755 hit /www/cgi-bin/hit
CMD ["httpd", "-f", "-p", "6379", "-h", "/www"]
"""
HIT = """\
#!/bin/sh
n=$(cat /data/n 2>/dev/null || echo 0); n=$((n + 1)); echo $n > /data/n
printf 'Content-Type: text/plain\\r\\n\\r\\n%s' $n
"""


# docker-py leaves the sockets of streams to the garbage collector, which has to come while that is no error.
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*socket.*:ResourceWarning"),
    pytest.mark.filterwarnings("ignore:.*socket.*:pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    yield
    gc.collect()


@pytest.fixture
def client(suite: Suite) -> Iterator[docker_py.DockerClient]:
    client = docker_py.DockerClient(base_url=f"unix://{suite.root}/run/docker.sock")
    yield client
    client.close()


def test_docker_py_runs_and_looks_into_a_container(client, tiny):
    assert client.containers.run(tiny, "echo hi", remove=True) == b"hi\n"
    container = client.containers.run(
        tiny, ["sh", "-c", "echo one; echo two; sleep 1000"], detach=True, labels={"a": "b"}, ports={"80/tcp": None}
    )
    try:
        container.reload()
        assert container.status == "running"
        assert container.ports["80/tcp"][0]["HostPort"]
        assert client.containers.list(filters={"label": "a=b"}) == [container]
        assert container.exec_run("id -u") == (0, b"0\n")
        assert container.exec_run("sh -c 'exit 4'").exit_code == 4
        assert container.logs(tail=1) == b"two\n"
        assert container.stats(stream=False)["memory_stats"]["usage"] > 0
    finally:
        container.remove(force=True)


def test_docker_py_copies_files(client, tiny):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        member = tarfile.TarInfo("x.txt")
        member.size = 3
        archive.addfile(member, io.BytesIO(b"abc"))
    container = client.containers.create(tiny)
    assert container.put_archive("/tmp", buffer.getvalue())
    chunks, stat = container.get_archive("/tmp/x.txt")
    with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as archive:
        assert archive.extractfile("x.txt").read() == b"abc"
    assert (stat["name"], stat["size"]) == ("x.txt", 3)
    assert {"Path": "/tmp/x.txt", "Kind": 1} in container.diff()
    container.remove()


def test_docker_py_knows_the_errors(client, tiny):
    with pytest.raises(docker_py.errors.NotFound, match="No such container"):
        client.containers.get("nobody")
    with pytest.raises(docker_py.errors.ImageNotFound):
        client.images.get("nothing")
    with pytest.raises(docker_py.errors.ContainerError) as raised:
        client.containers.run(tiny, "sh -c 'echo bad >&2; exit 3'", remove=True)
    assert (raised.value.exit_status, raised.value.stderr) == (3, b"bad\n")


def test_docker_py_has_volumes_and_networks(client, tiny):
    volume, network = client.volumes.create("kept"), client.networks.create("ours")
    mounts = {"kept": {"bind": "/v", "mode": "rw"}}
    client.containers.run(tiny, "sh -c 'echo kept > /v/f'", remove=True, volumes=mounts)
    assert client.containers.run(tiny, "cat /v/f", remove=True, volumes=mounts) == b"kept\n"
    server = client.containers.run(tiny, "sleep 1000", detach=True, name="server", network="ours")
    assert b"server" in client.containers.run(tiny, "nslookup server", remove=True, network="ours")
    server.remove(force=True)
    network.remove()
    volume.remove()


def test_docker_py_builds(client, tiny):
    image, told = client.images.build(fileobj=io.BytesIO(f"FROM {tiny}\nRUN echo x > /x\n".encode()), tag="by-py")
    assert image.tags == ["by-py:latest"]
    assert any("Step 2/2" in line.get("stream", "") for line in told)


def test_testcontainers_wait_for_what_a_container_says(suite, tiny, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", f"unix://{suite.root}/run/docker.sock")
    monkeypatch.setenv("TESTCONTAINERS_RYUK_DISABLED", "true")
    from testcontainers.core.container import DockerContainer

    container = DockerContainer(tiny).with_command(
        ["sh", "-c", "mkdir /w; echo served > /w/index.html; echo ready; httpd -f -p 8000 -h /w"]
    )
    with container.with_exposed_ports(8000) as running:
        with contextlib.closing(running.get_wrapped_container().logs(stream=True)) as logs:
            assert next(iter(logs)) == b"ready\n"
        port = running.get_exposed_port(8000)
        assert fetched(f"http://127.0.0.1:{port}/") == b"served\n"
    container.get_docker_client().client.close()


def fetched(url: str) -> bytes:
    """Ask until the server, which has said that it begins, listens."""
    for _ in range(100):
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                content: bytes = answer.read()
                return content
        except OSError:
            continue
    raise AssertionError(url)


@pytest.fixture(scope="module")
def dockerode() -> Path:
    """The program, with the packages that its lock names."""
    if shutil.which("npm") is None:
        pytest.skip("no npm here: deploy/install-packages.sh examples")
    folder = Path(__file__).with_name("dockerode")
    if not (folder / "node_modules" / ".package-lock.json").exists():
        install = ["npm", "ci", "--omit=optional", "--ignore-scripts", "--no-progress", "--loglevel=error"]
        done = subprocess.run(install, cwd=folder, capture_output=True, text=True, timeout=240, check=False)
        assert done.returncode == 0, done.stderr
    return folder / "main.mjs"


def test_dockerode_runs_talks_to_and_removes_containers(suite, tiny, dockerode):
    command = ["node", dockerode, f"{suite.root}/run/docker.sock", tiny]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "pulled": True,
        "conversed": {"status": 3, "streams": ["heard hello\n", "oops\n"], "logs": "heard hello\n"},
        "executed": {"status": 4, "streams": ["through", ""], "listed": 1},
        "missing": 404,
    }


def test_compose_brings_an_application_up_and_down(suite, docker: Docker, tiny, tmp_path):
    for path, text in {
        "docker-compose.yml": COMPOSE_FILE.format(image=tiny),
        "site/index.html": "hello\n",
        "counter/Dockerfile": COUNTER.format(image=tiny),
        "counter/hit": HIT,
    }.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)

    def compose(*arguments: str) -> str:
        done = subprocess.run(
            ["docker-compose", "--project-name", "app", *arguments],
            cwd=tmp_path,
            env={**docker.env, "COMPOSE_DOCKER_CLI_BUILD": "0"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    try:
        compose("up", "--detach", "--build")
        port = compose("port", "web", "8000").strip().rpartition(":")[2]
        assert fetched(f"http://127.0.0.1:{port}/") == b"hello\n"
        ask = ("exec", "-T", "web", "wget", "-q", "-O", "-", "http://counter:6379/cgi-bin/hit")
        assert [compose(*ask) for _ in range(2)] == ["1", "2"]
        compose("restart", "counter")
        assert compose(*ask) == "3"
    finally:
        compose("down", "--volumes", "--rmi", "local")
    of_it = ("--filter", "label=com.docker.compose.project=app")
    assert docker("ps", "-aq", *of_it) == ""
    assert docker("volume", "ls", "-q", *of_it) == ""
