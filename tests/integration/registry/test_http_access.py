"""Who may do what over HTTP, and how much of it."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import socket
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import bcrypt
import pytest

from tests.fixtures.fault_registry import fault_registry
from tests.fixtures.http_client import HttpClient
from tests.fixtures.images.catalogue import build_tiny
from tests.fixtures.registry_service import RegistryProcess, http_flags, registry_service
from tests.fixtures.self_signed import self_signed

ACCESS_TOKEN = "an access token of a build server"
UPLOADS = "/v2/app/blobs/uploads/"


def basic(username: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


@pytest.fixture(scope="module")
def users(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """Flags that name a user ``me`` with the password ``secret``, and an access token of ``ci``."""
    folder = tmp_path_factory.mktemp("users")
    (folder / "htpasswd").write_text(f"me:{bcrypt.hashpw(b'secret', bcrypt.gensalt(4)).decode()}\n")
    (folder / "tokens").write_text(f"ci:{hashlib.sha256(ACCESS_TOKEN.encode()).hexdigest()}\n")
    return ("--htpasswd", f"{folder}/htpasswd", "--access-tokens", f"{folder}/tokens")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, users: tuple[str, ...]) -> Iterator[RegistryProcess]:
    with registry_service(tmp_path_factory.mktemp("access"), *http_flags(), *users) as running:
        yield running


@pytest.fixture
def client(service: RegistryProcess) -> HttpClient:
    return HttpClient(service.http_address)


def test_the_unknown_may_pull_but_not_push(client: HttpClient) -> None:
    assert client.request("GET", "/v2/app/manifests/x").status == 404
    answer = client.request("POST", UPLOADS)
    assert (answer.status, answer.error_code) == (401, "UNAUTHORIZED")
    assert answer.headers["www-authenticate"].startswith("Bearer realm=")


@pytest.mark.parametrize(
    "header", [basic("me", "secret"), basic("any", ACCESS_TOKEN), f"Bearer {ACCESS_TOKEN}"], ids=str.split
)
def test_whoever_is_known_may_push(client: HttpClient, header: str) -> None:
    assert client.request("POST", UPLOADS, authorization=header).status == 202


@pytest.mark.parametrize(
    "header",
    [
        basic("me", "guess"),
        basic("you", "secret"),
        basic("me", "secret" * 20),
        "Bearer nonsense",
        "Bearer " + base64.urlsafe_b64encode(b"\0" * 32 + b'{"user": "me", "exp": 9999999999}').decode(),
        "Basic nonsense",
        "Digest username=me",
    ],
)
@pytest.mark.parametrize("path", ["/v2/", "/token", "/v2/app/manifests/x"])
def test_wrong_credentials_are_refused_even_where_none_are_needed(client: HttpClient, header: str, path: str) -> None:
    assert client.request("GET", path, authorization=header).status == 401


def test_the_ping_asks_for_a_token_that_the_anonymous_can_have(client: HttpClient) -> None:
    """Docker answers only the challenge of the ping: without one it could never push."""
    assert client.request("GET", "/v2/").headers["www-authenticate"].startswith("Bearer realm=")
    anonymous = client.request("GET", "/token").json()["token"]
    assert client.request("GET", "/v2/", authorization=f"Bearer {anonymous}").status == 200
    assert client.request("GET", "/v2/app/manifests/x", authorization=f"Bearer {anonymous}").status == 404
    assert client.request("POST", UPLOADS, authorization=f"Bearer {anonymous}").status == 401


def test_a_token_stands_for_the_password_that_got_it(client: HttpClient) -> None:
    token = client.request("GET", "/token", authorization=basic("me", "secret")).json()["token"]
    assert client.request("POST", UPLOADS, authorization=f"Bearer {token}").status == 202


def test_skopeo_logs_in_and_pushes(service: RegistryProcess) -> None:
    if shutil.which("skopeo") is None:
        pytest.skip("skopeo is not installed")
    command = ["skopeo", "copy", "--dest-tls-verify=false", "--dest-creds", "me:secret"]
    command += [f"oci:{build_tiny().root}:tiny:one", f"docker://{service.http_address}/tiny:one"]
    subprocess.run(command, check=True, capture_output=True)
    answer = HttpClient(service.http_address).request("HEAD", "/v2/tiny/manifests/one")
    assert answer.headers["docker-content-digest"] == build_tiny().names()["tiny:one"].digest


def test_anonymous_pull_can_be_switched_off(tmp_path: Path, users: tuple[str, ...]) -> None:
    with registry_service(tmp_path / "s", *http_flags(), *users, "--anonymous-pull", "false") as service:
        client = HttpClient(service.http_address)
        anonymous = client.request("GET", "/token").json()["token"]
        assert client.request("GET", "/v2/app/manifests/x").status == 401
        assert client.request("GET", "/v2/app/manifests/x", authorization=f"Bearer {anonymous}").status == 401
        assert client.request("GET", "/v2/app/manifests/x", authorization=basic("me", "secret")).status == 404


def test_without_users_nobody_can_push(tmp_path: Path) -> None:
    with registry_service(tmp_path / "s", *http_flags()) as service:
        client = HttpClient(service.http_address)
        assert client.request("GET", "/v2/").status == 200
        assert client.request("POST", UPLOADS).status == 403


def test_uploads_are_limited_in_size_and_number(tmp_path: Path) -> None:
    limits = ("--anonymous-push", "true", "--upload-bytes", "1000", "--uploads-at-once", "2")
    with registry_service(tmp_path / "s", *http_flags(), *limits) as service:
        client = HttpClient(service.http_address)
        location = client.request("POST", UPLOADS).headers["location"]
        answer = client.request("PATCH", location, os.urandom(1001), content_type="application/octet-stream")
        assert (answer.status, answer.error_code) == (413, "SIZE_INVALID")
        assert client.request("POST", UPLOADS).status == 202
        full = client.request("POST", UPLOADS)
        assert (full.status, full.error_code) == (429, "TOOMANYREQUESTS")
        client.request("DELETE", location)
        assert client.request("POST", UPLOADS).status == 202


@pytest.mark.parametrize(
    "digest", ["nonsense", f"sha256:{'0' * 64}", f"md5:{'0' * 32}"], ids=["unreadable", "another's", "unknown"]
)
def test_a_failed_upload_in_one_request_takes_nobody_s_place(tmp_path: Path, digest: str) -> None:
    limits = ("--anonymous-push", "true", "--uploads-at-once", "1")
    with registry_service(tmp_path / "s", *http_flags(), *limits) as service:
        client = HttpClient(service.http_address)
        for _ in range(3):
            answer = client.request("POST", f"{UPLOADS}?digest={digest}", b"data")
            assert (answer.status, answer.error_code) == (400, "DIGEST_INVALID")
        assert client.request("POST", UPLOADS).status == 202


def test_an_upload_in_one_request_that_is_too_large_is_dropped(tmp_path: Path) -> None:
    limits = ("--anonymous-push", "true", "--uploads-at-once", "1", "--upload-bytes", "1000")
    with registry_service(tmp_path / "s", *http_flags(), *limits) as service:
        client = HttpClient(service.http_address)
        assert client.request("POST", f"{UPLOADS}?digest=sha256:{'0' * 64}", b"x" * 1001).status == 413
        assert client.request("POST", UPLOADS).status == 202


def test_an_upload_in_one_request_whose_sender_is_gone_is_dropped(tmp_path: Path) -> None:
    limits = ("--anonymous-push", "true", "--uploads-at-once", "1")
    with registry_service(tmp_path / "s", *http_flags(), *limits) as service:
        host, _, port = service.http_address.partition(":")
        with socket.create_connection((host, int(port)), timeout=30) as connection:
            head = f"POST {UPLOADS}?digest=sha256:{'0' * 64} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 5000\r\n\r\n"
            connection.sendall(head.encode() + b"a part")
            wait_until(lambda: any((service.cache / "uploads").iterdir()))
        wait_until(lambda: HttpClient(service.http_address).request("POST", UPLOADS).status == 202)


def wait_until(is_so: Callable[[], bool], timeout_s: float = 20.0) -> None:
    """Ask until it is so."""
    end_s = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < end_s
        time.sleep(0.02)


def test_an_upload_goes_on_after_a_crash(tmp_path: Path) -> None:
    with registry_service(tmp_path / "s", *http_flags(), "--anonymous-push", "true") as service:
        client, data = HttpClient(service.http_address), os.urandom(100_000)
        location = client.request("POST", UPLOADS).headers["location"]
        client.request("PATCH", location, data[:60_000], content_type="application/octet-stream")
        service.kill()
        service.start()
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        answer = client.request(
            "PUT", f"{location}?digest={digest}", data[60_000:], content_type="application/octet-stream"
        )
        assert answer.status == 201
        assert client.request("GET", f"/v2/app/blobs/{digest}").body == data


def test_passwords_and_tokens_are_never_logged(client: HttpClient, service: RegistryProcess) -> None:
    client.request("GET", "/token", authorization=basic("me", "secret"))
    client.request("POST", UPLOADS, authorization=f"Bearer {ACCESS_TOKEN}")
    for secret in ("secret", ACCESS_TOKEN, basic("me", "secret")):
        assert secret not in service.log


def test_the_api_speaks_tls(tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path, "127.0.0.1")
    flags = (*http_flags(), "--http-tls-cert", str(certificate), "--http-tls-key", str(key))
    with registry_service(tmp_path / "s", *flags) as service:
        context = ssl.create_default_context(cafile=str(certificate))
        with urllib.request.urlopen(f"https://{service.http_address}/v2/", context=context) as answer:
            assert answer.status == 200


def test_a_push_to_a_mirror_is_not_fooled_by_what_the_mirrored_registry_has(
    tmp_path: Path, users: tuple[str, ...]
) -> None:
    """Docker asks by HEAD whether it must push a layer; the anonymous who pull may be told of the mirrored one."""
    data = b"a layer that both have"
    with fault_registry() as upstream:
        digest = upstream.add_blob("own/app", data)
        flags = (*http_flags(f"up={upstream.address}"), "--mirror-of", "up", *users)
        with registry_service(tmp_path / "s", *flags) as service:
            client = HttpClient(service.http_address)
            path = f"/v2/own/app/blobs/{digest}"
            assert client.request("GET", path).body == data
            assert client.request("HEAD", path).status == 200
            assert client.request("HEAD", path, authorization=basic("me", "secret")).status == 404
